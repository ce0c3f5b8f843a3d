"""Mounts the callbacks of the Marketplace in Airflow's API server, at /marketplace/callbacks.

It needs no login of Airflow: the Marketplace proves itself by its token. Plugins are loaded by every process of
Airflow, tasks included, so the app is built at the first call only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send


@cache
def _callbacks() -> FastAPI:
    from include.marketplace.callbacks.app import create_callbacks
    from include.orchestration.callbacks import doors

    return create_callbacks(doors())


async def marketplace_callbacks(scope: Scope, receive: Receive, send: Send) -> None:
    """The callbacks as an ASGI app."""
    await _callbacks()(scope, receive, send)


class MarketplaceCallbacksPlugin(AirflowPlugin):
    """For an API server that the Marketplace can reach; `akubill marketplace serve` is the other way."""

    name = "marketplace_callbacks"
    fastapi_apps = [  # noqa: RUF012 (Airflow's form)
        {"app": marketplace_callbacks, "url_prefix": "/marketplace", "name": "Marketplace callbacks"}
    ]
