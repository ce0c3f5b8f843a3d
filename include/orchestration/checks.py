"""Checks of what the connections point at; behind the connection form's Test button and `akubill doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.alibaba.access import CloudAccess


def check_cloud_access(access: CloudAccess) -> str:
    """Make one signed call that changes nothing and say that it was accepted.

    Raises:
        AkubillError: when it was not.
    """
    from include.alibaba.computenest import ComputeNest

    next(iter(ComputeNest(access).find_service_instances()), None)
    return f"Compute Nest accepted the signature of access key {access.access_key_id}."
