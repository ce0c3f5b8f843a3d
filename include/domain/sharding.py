"""How work is spread over a fixed number of tasks: environments to poll, and blocks of subscriptions to bill."""

from __future__ import annotations

from zlib import crc32

SHARDS = 4


def shard_of(environment_id: str) -> int:
    """The shard that polls an environment; the same for ever, in every process."""
    return crc32(environment_id.encode()) % SHARDS
