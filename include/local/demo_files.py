"""Writes usage files in the forms that usage_import reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pandas as pd

from include.domain.periods import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Any

COLUMNS = ["subscription_id", "instance_id", "hour", "aku_seconds"]


def write_usage(path: Path, subscription_id: str, usage: Sequence[dict[str, Any]], until: datetime) -> None:
    """Write a subscription's hours to a CSV, JSON Lines or Parquet file, by the path's ending; whole or not at all.

    It is dated by its last hour, before `until`: a sweep takes files younger than a minute for unfinished.
    """
    frame = pd.DataFrame(usage, columns=["instance_id", "hour", "aku_seconds"]).assign(subscription_id=subscription_id)
    frame = frame[COLUMNS].sort_values(["instance_id", "hour"])
    draft = path.with_name(f".{path.name}.new")
    if path.suffix == ".csv":
        frame.to_csv(draft, index=False)
    elif path.suffix == ".jsonl":
        frame.to_json(draft, orient="records", lines=True)
    else:
        frame.to_parquet(draft, index=False)
    last_hour = (until - HOUR).timestamp()
    os.utime(draft, (last_hour, last_hour))
    draft.replace(path)
