"""Verifies issued documents: computes them again from the warehouse, and says what differs and where.

Each period is taken at once, in a transaction that is rolled back: its documents' fingerprints by group of inputs, the
sums of their lines, the instance-hours behind their hours, and the lines and taxes that rating gives today from the
same hours, prices and offers. Documents of an earlier fingerprint form are checked by what does not need it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.evidence.fingerprints import fingerprint
from include.billing.rating.rate import rate, use_memory, window_of
from include.domain.errors import AkubillError, ConflictError, InvalidInputError
from include.domain.money import plain
from include.domain.periods import BillingPeriod, month_name
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

#: The form of fingerprints that can be computed again group by group.
FORM = 4
_WHAT_TO_DO = (
    "Issued bills never change, so find out who disabled the protection triggers, and restore the database from a "
    "backup; if what the bill says now is right after all, correct the bill."
)
#: The groups of inputs of a fingerprint, in words.
GROUPS = {
    "identity": "what document it is, for whom and for which period",
    "activity": "from when to when the subscription was active in the period",
    "printed": "what it prints of buyer, subscription and seller (billing.bills.printed)",
    "usage": "the usage of its instances by hour, how it is known, or their ids (metering.usage, metering.instances)",
    "hours": "the usage of its hours (metering.subscription_hours)",
    "adjustments": "the late usage that it bills (billing.late_usage)",
    "licences": "the licences of the period (core.licences)",
    "prices": "the price plan versions, tiers and fees in force in the period",
    "offers": "the private offers that held when it was drafted (billing.private_offers)",
    "lines": "its lines (billing.bill_lines)",
    "taxes": "its taxes (billing.bill_taxes)",
    "sums": "its sums (billing.bills)",
}


class Difference(NamedTuple):
    """Something that is not as it was when the document was issued.

    Attributes:
        bill_id: the document.
        what: a group of inputs (see GROUPS), or `rating`, `instances` or `sums`.
        sentence: what differs, from what.
    """

    bill_id: str
    what: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.bill_id}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified: documents, those of an earlier fingerprint form among them, and what differs."""

    document_count: int
    earlier_form_count: int
    differences: list[Difference]

    def describe(self) -> str:
        """The same in words, each difference on a line."""
        if not self.document_count:
            return "Nothing was verified: there is no issued bill or note of that kind."
        different = len({difference.bill_id for difference in self.differences})
        lines = [str(difference) for difference in self.differences]
        if lines:
            lines.append(_WHAT_TO_DO)
        as_issued = self.document_count - different
        lines.append(f"{self.document_count} document(s) verified: {as_issued} as issued, {different} not.")
        if self.earlier_form_count:
            lines.append(
                f"{self.earlier_form_count} of them have a fingerprint of an earlier form, and were checked by their "
                "sums only."
            )
        return "\n".join(lines)


class _Document(NamedTuple):
    bill_key: int
    bill_id: str
    document: str
    subscription_key: int
    period: str
    time_zone: str
    drafted_at: datetime
    fingerprint_form: int


def verify_bills(
    warehouse: Engine, *, bill_ids: Sequence[str] | None = None, period: str | None = None
) -> Verification:
    """Verify the issued documents of these ids, of a period (YYYY-MM), or all.

    Raises:
        InvalidInputError: when one of the ids is no issued document, or the period is not a month.
    """
    if period is not None:
        month_name(period)
    chosen = {"bill_ids": None if bill_ids is None else list(bill_ids), "period": period}
    with warehouse.connect() as connection:
        documents = [
            _Document(*row) for row in connection.execute(statement("billing/evidence/list_documents"), chosen)
        ]
    _refuse_unknown(bill_ids, documents)
    found: list[Difference] = []
    for (name, zone), members in groupby(documents, key=lambda each: (each.period, each.time_zone)):
        found += _verify_period(warehouse, BillingPeriod(name, zone), list(members))
    earlier = sum(1 for document in documents if document.fingerprint_form != FORM)
    return Verification(len(documents), earlier, found)


def report_verification(differences: list[str], incomplete: list[str]) -> None:
    """Do nothing where every bill is as it was issued and everything is on exactly one.

    Raises:
        ConflictError: with all of them, and what to do.
    """
    if differences or incomplete:
        raise ConflictError("\n".join([*differences, *([_WHAT_TO_DO] if differences else []), *incomplete]))


def _refuse_unknown(bill_ids: Sequence[str] | None, documents: list[_Document]) -> None:
    known = {document.bill_id for document in documents}
    unknown = [bill_id for bill_id in bill_ids or [] if bill_id not in known]
    if unknown:
        rule = "is not an issued bill or note"
        raise InvalidInputError("Document", unknown[0], rule, "See `akubill bills list` for the bills.")


def _verify_period(warehouse: Engine, period: BillingPeriod, documents: list[_Document]) -> list[Difference]:
    """What differs in the documents of one period, by document."""
    ids = {document.bill_key: document.bill_id for document in documents}
    modern = [document for document in documents if document.fingerprint_form == FORM]
    with warehouse.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        use_memory(connection)
        found = [
            *_compare_fingerprints(connection, period, [document.bill_key for document in modern]),
            *_compare_sums(connection, list(ids)),
            *_compare_instances(connection, period, [document.bill_key for document in modern]),
            *_compare_rating(connection, period, [each for each in modern if each.document == "bill"]),
        ]
        connection.rollback()
    return [
        Difference(ids[key], what, sentence) for key, what, sentence in sorted(found, key=lambda each: ids[each[0]])
    ]


_Found = tuple[int, str, str]


def _compare_fingerprints(connection: Connection, period: BillingPeriod, keys: list[int]) -> Iterator[_Found]:
    fingerprint(connection, period, keys, from_usage=True)
    for row in connection.execute(statement("billing/evidence/compare_fingerprints"), {"bill_keys": keys}):
        if not row.changed:
            yield row.bill_key, "identity", "Its fingerprint or its period is not what it was issued with."
        for group in row.changed:
            yield row.bill_key, group, f"Since it was issued something changed in {GROUPS[group]}."


def _compare_sums(connection: Connection, keys: list[int]) -> Iterator[_Found]:
    for row in connection.execute(statement("billing/evidence/compare_sums"), {"bill_keys": keys}):
        yield (
            row.bill_key,
            "sums",
            (
                f"Its lines add up to {row.line_amount:f} and {row.line_aku_seconds} AKU-seconds and its taxes to "
                f"{row.tax_amount:f}; it says {row.subtotal:f}, {row.aku_seconds} and {row.tax:f}."
            ),
        )


def _compare_instances(connection: Connection, period: BillingPeriod, keys: list[int]) -> Iterator[_Found]:
    facts = {**window_of(period), "bill_keys": keys}
    for row in connection.execute(statement("billing/evidence/compare_instances"), facts):
        yield (
            row.bill_key,
            "instances",
            (
                f"The usage of instances (metering.usage) does not add up to that of {row.hour_count} hour(s), the "
                f"first {row.first_hour:%Y-%m-%dT%H:%MZ}; it is {row.aku_seconds:+d} AKU-seconds off."
            ),
        )


def _compare_rating(connection: Connection, period: BillingPeriod, bills: list[_Document]) -> Iterator[_Found]:
    """Rate again, with what was known when each bill was drafted: bills of one run at once."""
    runs: dict[datetime, list[_Document]] = defaultdict(list)
    for bill in bills:
        runs[bill.drafted_at].append(bill)
    for drafted_at, members in runs.items():
        yield from _rate_and_compare(connection, period, members, drafted_at)


def _rate_and_compare(
    connection: Connection, period: BillingPeriod, bills: list[_Document], drafted_at: datetime
) -> Iterator[_Found]:
    subscriptions = [bill.subscription_key for bill in bills]
    try:
        rate(connection, period, subscriptions=subscriptions, known_at=drafted_at)
    except AkubillError as error:
        # One that cannot be rated at all does not hide the others.
        connection.execute(statement("billing/rating/delete_segments"))
        if len(bills) == 1:
            yield bills[0].bill_key, "rating", f"It cannot be rated again: {error}"
        else:
            for bill in bills:
                yield from _rate_and_compare(connection, period, [bill], drafted_at)
        return
    keys = {"bill_keys": [bill.bill_key for bill in bills]}
    for bill_key, rows in groupby(
        connection.execute(statement("billing/evidence/compare_lines"), keys), key=lambda row: row.bill_key
    ):
        yield bill_key, "rating", _describe_lines(list(rows))
    for row in connection.execute(statement("billing/evidence/compare_taxes"), keys):
        yield (
            row.bill_key,
            "rating",
            (
                f"Its tax at {plain(row.tax_rate)} is {row.stored_amount or 'none'} (of {row.stored_base or 0}); "
                f"rated again it is {row.rated_amount or 'none'} (of {row.rated_base or 0})."
            ),
        )


def _describe_lines(rows: list[Row[Any]], most: int = 3) -> str:
    described = [_describe_line(row.line_no, row.stored, row.rated) for row in rows[:most]]
    more = [f"{len(rows) - most} more line(s) differ."] if len(rows) > most else []
    return " ".join([*described, *more])


def _describe_line(line_no: int, stored: dict[str, Any] | None, rated: dict[str, Any] | None) -> str:
    if rated is None:
        return f"Line {line_no} ({stored and stored['description']}) does not come out of rating again."
    if stored is None:
        return f"Rating gives a line {line_no} ({rated['description']}, {rated['amount']}) that the bill has not."
    return f"Line {line_no} ({stored['description']}) has " + _and(
        f"{name} {stored[name]}, rated again {rated[name]}" for name in stored if stored[name] != rated[name]
    )


def _and(parts: Iterable[str]) -> str:
    return "; ".join(parts) + "."
