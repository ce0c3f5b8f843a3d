"""Everything the sandbox knows, in memory, with each change on its way to the journal.

Changes are made by `keep` and `drop` and become durable by `commit`, which the server calls before it answers.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast

from include.sandbox.bill_records import BillEntry
from include.sandbox.channel_records import AwsAgreement, AwsUsage, IntlInstance, IntlPush
from include.sandbox.journal import Journal
from include.sandbox.records import (
    Account,
    Callback,
    Console,
    Fault,
    KafkaInstance,
    Notification,
    Push,
    Record,
    ServiceInstance,
    Settings,
    Token,
)
from include.sandbox.request_log import RequestLog
from include.sandbox.signatures.nonces import Nonces

_dice: Random = secrets.SystemRandom()


class World:
    """The sandbox's state.

    What happens goes by its clock. Only signatures go by the machine's, as those who sign do.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.journal = Journal(folder)
        self._forget()
        for record in sorted(self.journal.load(), key=_age):
            self._index(record)

    def _forget(self) -> None:
        self.settings = Settings()
        self.accounts: dict[str, Account] = {}
        self.accounts_by_access_key: dict[str, Account] = {}
        self.service_instances: dict[str, ServiceInstance] = {}
        self.consoles: dict[str, Console] = {}
        self.kafka_instances: dict[str, KafkaInstance] = {}
        self.kafka_by_environment: dict[str, list[KafkaInstance]] = defaultdict(list)
        self.listings: dict[str, dict[tuple[tuple[str, str], ...], tuple[int, bytes]]] = {}
        self.tokens: dict[str, Token] = {}
        self.pushes: dict[str, Push] = {}
        self.aws_agreements: dict[str, AwsAgreement] = {}
        self.aws_usage: dict[str, AwsUsage] = {}
        self.intl_instances: dict[str, IntlInstance] = {}
        self.intl_pushes: dict[str, IntlPush] = {}
        self.bill_entries: dict[str, BillEntry] = {}
        self.notifications: dict[str, Notification] = {}
        self.callbacks: dict[str, Callback] = {}
        self.faults: dict[str, Fault] = {}
        self.nonces = Nonces()
        self.calls: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.requests = RequestLog()
        self._kept: dict[tuple[str, str], Record] = {}
        self._dropped: dict[tuple[str, str], Record] = {}

    def reset(self) -> None:
        """Become as new."""
        self.journal.clear()
        self._forget()

    def keep(self, *records: Record) -> None:
        """Enter or change records."""
        for record in records:
            self._index(record)
            self._dropped.pop((record.kind, record.key), None)
            self._kept[record.kind, record.key] = record

    def drop(self, *records: Fault | Notification) -> None:
        """Remove records."""
        for record in records:
            self._shelf(record).pop(record.key, None)
            self._kept.pop((record.kind, record.key), None)
            self._dropped[record.kind, record.key] = record

    def commit(self) -> None:
        """Make all changes durable."""
        if self._kept or self._dropped:
            self.journal.write(self._kept.values(), self._dropped.values())
            self._kept.clear()
            self._dropped.clear()

    def _shelf(self, record: Record) -> dict[str, Record]:
        shelves: dict[str, object] = {
            "account": self.accounts,
            "service_instance": self.service_instances,
            "console": self.consoles,
            "kafka_instance": self.kafka_instances,
            "token": self.tokens,
            "push": self.pushes,
            "aws_agreement": self.aws_agreements,
            "aws_usage": self.aws_usage,
            "intl_instance": self.intl_instances,
            "intl_push": self.intl_pushes,
            "bill_entry": self.bill_entries,
            "notification": self.notifications,
            "callback": self.callbacks,
            "fault": self.faults,
        }
        return cast("dict[str, Record]", shelves[record.kind])

    def _index(self, record: Record) -> None:
        if isinstance(record, Settings):
            self.settings = record
            self.listings.clear()
            return
        if isinstance(record, KafkaInstance):
            if record.key not in self.kafka_instances:
                self.kafka_by_environment[record.environment_id].append(record)
            self.listings.pop(record.environment_id, None)
        if isinstance(record, Account):
            before = self.accounts.get(record.key)
            if before:
                self.accounts_by_access_key.pop(before.access_key_id, None)
            self.accounts_by_access_key[record.access_key_id] = record
        self._shelf(record)[record.key] = record

    def service_instance_of(self, environment_id: str) -> ServiceInstance | None:
        """The service instance that deployed an environment; None for a console without one."""
        return self.service_instances.get(self.consoles[environment_id].service_instance_id)


def _age(record: Record) -> int:
    if isinstance(record, KafkaInstance):
        return record.timeline[0][0]
    return record.created_at if isinstance(record, ServiceInstance | Notification | Callback) else 0


def draw_ids_from(dice: Random) -> None:
    """From now on draw fresh ids and secrets from these dice, for a life that repeats."""
    global _dice  # noqa: PLW0603 (ids are drawn in many places, and there is one source)
    _dice = dice


def new_id(prefix: str, length: int = 20) -> str:
    """A fresh id such as Alibaba's: prefix and lower-case hex."""
    return f"{prefix}{_dice.getrandbits(4 * length):0{length}x}"


def new_number(digits: int) -> str:
    """A fresh decimal id of exactly so many digits."""
    return str(10 ** (digits - 1) + _dice.randrange(9 * 10 ** (digits - 1)))
