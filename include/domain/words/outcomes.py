"""What a run did, in one sentence: the note that Airflow shows beside the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.words.filling import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: So many details are given; the others are counted.
_DETAILS = 3


class Outcome(NamedTuple):
    """How the outcome of a kind of work is said.

    Attributes:
        first: a template that is always said.
        also: fact → template that is said where the fact is neither 0 nor empty.
    """

    first: str
    also: Mapping[str, str] = {}

    def say(self, facts: Mapping[str, Any]) -> str:
        """The sentence on these facts.

        Raises:
            KeyError: when a fact is missing.
        """
        also = (fill(template, facts) for name, template in self.also.items() if facts[name])
        return f"{', '.join([fill(self.first, facts), *also])}."


OUTCOMES = {
    "alarms": Outcome("{opened:alarm|alarms} opened, {closed:number} over, {still_on:number} still on"),
    "close": Outcome(
        "{period}: {issued:bill|bills} issued, {held:number} held",
        {"missing_count": "{missing_count:subscription has|subscriptions have} no bill"},
    ),
    "comparison": Outcome(
        "{compared:subscription|subscriptions} compared with the Marketplace, {opened:finding|findings} opened, "
        "{resolved:number} over",
    ),
    "drafts": Outcome("{period}: {drafted:running draft|running drafts}"),
    "earlier": Outcome("{entered:record|records} of earlier hours entered"),
    "event": Outcome("It is event {event}"),
    "events": Outcome(
        "{applied:event|events} applied",
        {
            "repeated": "{repeated:number} known before",
            "waiting": "{waiting:number} will be tried again",
            "parked": "{parked:number} parked",
        },
    ),
    "export": Outcome(
        "{files:file|files} written to {place}", {"incomplete": "{incomplete:file lacks|files lack} bills to come"}
    ),
    "export_nothing": Outcome("No file was due"),
    "hours": Outcome(
        "{closed:environment-hour|environment-hours} closed, {instance_hours:instance-hour|instance-hours}",
        {
            "provisional": "{provisional:number} provisional",
            "still_open": "{still_open:number} still open",
            "gaps": "{gaps:gap|gaps} found",
        },
    ),
    "import": Outcome(
        "{files:file|files} imported: {rows_read:row|rows} read, {rows_loaded:number} loaded",
        {
            "rows_unchanged": "{rows_unchanged:number} unchanged",
            "rows_late": "{rows_late:number} late for issued bills",
            "rows_rejected": "{rows_rejected:number} rejected",
        },
    ),
    "machines": Outcome(
        "{evaluated:sighting|sightings} compared, {open:discrepancy|discrepancies} open",
        {"resolved": "{resolved:number} over"},
    ),
    "notifications": Outcome("{listed:message|messages} fetched, {stored:number} new, {confirmed:number} confirmed"),
    "polls": Outcome(
        "{answered:number} of {environments:console|consoles} answered",
        {
            "failed": "{failed:number} failed",
            "rejected": "{rejected:reading|readings} rejected",
            "spared": "{spared:number} spared",
            "not_asked": "{not_asked:number} not asked",
        },
    ),
    "push": Outcome(
        "{channel}: {entered:record|records} entered, {requests:request|requests} made", {"became": "{became}"}
    ),
    "resolution": Outcome("{settled:unknown record|unknown records} settled", {"became": "{became}"}),
    "settlement": Outcome("{items:line|lines} imported of {months}", {"wrong": "{wrong:line was|lines were} left out"}),
    "upkeep": Outcome("Polls and readings of {months} were dropped"),
    "waiver": Outcome("{gaps:gap|gaps} of {seconds:duration} in all waived"),
}


def say_outcome(kind: str, facts: Mapping[str, Any]) -> str:
    """What work of that kind did.

    Raises:
        KeyError: when the kind is not known, or a fact is missing.
    """
    return OUTCOMES[kind].say(facts)


def say_details(details: Sequence[str]) -> str:
    """The first of several sentences, a paragraph each, and how many there are besides; nothing of none."""
    more = len(details) - _DETAILS
    return "\n\n".join([*details[:_DETAILS], *([f"And {more:,} more."] if more > 0 else [])])


def say_counts(counts: Mapping[str, int]) -> str:
    """Counts by name, those that are 0 left out: "3 accepted, 1 unknown"."""
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items()) if count)


def say_note(outcomes: Iterable[str], failures: Iterable[tuple[str, str | None]], longest: int) -> str:
    """The note of a run: what its tasks did, then which failed and why, a paragraph each, cut where it is too long.

    Args:
        outcomes: what tasks that ended well said of their work.
        failures: name of each task that failed, and the sentence on why, where it is known.
        longest: how many characters a note may have.
    """
    by_reason: dict[str, list[str]] = {}
    for task, why in failures:
        by_reason.setdefault(why or "the log says why.", []).append(task)
    failed = [
        f"**{first}**{f' and {len(others):,} more' if others else ''} failed: {why}"
        for why, (first, *others) in by_reason.items()
    ]
    note = "\n\n".join([*outcomes, *failed])
    return note if len(note) <= longest else f"{note[: longest - 2]} …"
