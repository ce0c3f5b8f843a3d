"""The review of held bills in the Airflow UI: who is asked, what the form shows, and what becomes of the answer.

Each hold of a bill (include/billing/bills/review.py) is one run of `bill_review`, named by it, so asking twice is the
same as asking once. A run waits without worker, trigger or slot; once an hour it checks whether its hold still waits,
and ends if not.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from include.orchestration import pages
from include.orchestration.errors import operator_reporting_known_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import Context

    from include.billing.bills.answers import Answer
    from include.billing.bills.review import BillInReview, Hold

DAG_ID, ASKING = "bill_review", "await_answer"
APPROVE = "Approve and issue"
REJECT = "Reject"
WAIVE = "Waive one finding"
NO_FINDING = "none"
LOOKS_EVERY = timedelta(hours=1)


@operator_reporting_known_errors
class AwaitAnswer(HITLOperator):
    """Shows a held bill and waits for a person's answer, as long as the bill waits for one.

    It carries the answer out in the same step, as Airflow recorded it: what a task hands on in an XCom can be changed
    by those who may edit runs, and decides nothing. An answer without a reason, or of somebody who may not decide, is
    asked for again. Where the bill does not wait for this run's answer any more, the task is skipped with a sentence.
    """

    operator_extra_links = (pages.PageLink(),)

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 (Airflow's)
        super().__init__(
            subject="A held bill", options=[APPROVE, REJECT, WAIVE], response_timeout=LOOKS_EVERY, **kwargs
        )

    def execute(self, context: Context) -> None:
        """Fill the form from the bill, and wait."""
        self._ask(context, _look(context))

    def execute_complete(self, context: Context, event: dict[str, Any], fingerprint: str | None = None) -> str:
        """Carry out the answer, or wait on; `fingerprint` is that of the draft that the form shows.

        Returns:
            what became of the bill, in words.
        """
        from include.billing.bills.four_eyes import FourEyesError
        from include.domain.errors import InvalidInputError
        from include.orchestration.outcomes import leave_sentence

        shown = _look(context, fingerprint)
        page = pages.bill(shown.row.bill_id)
        if event.get("error_type") == "timeout":
            self.log.info("Bill %s still waits for an answer.", shown.row.bill_id)
            _wait(shown.row.fingerprint)
        if "error" in event:
            self.process_trigger_event_error(event)
        try:
            return leave_sentence(_carry_out(_read_decision(event, shown)), page=page)
        except (InvalidInputError, FourEyesError) as error:
            self.log.warning("The answer is not taken, so the bill is shown again: %s", error)
            self._ask(context, shown)

    def _ask(self, context: Context, shown: BillInReview) -> NoReturn:
        """Fill the form, without what may have been answered before, and wait."""
        from include.billing.bills.review import list_makers
        from include.orchestration.connections import warehouse
        from include.orchestration.reviewers import four_eyes_above, named_reviewers

        pages.bill(shown.row.bill_id).link_from(context["task_instance"])
        self.subject = f"Bill {shown.row.bill_id}: {shown.row.total:f} {shown.row.currency} is held"
        # Airflow keeps the text of the first time, so what may be refused later is said before.
        self.body = describe(shown, list_makers(warehouse(), shown, four_eyes_above()))
        self.params = _form([found.finding for found in shown.findings])
        self.assigned_users = [{"id": user, "name": user} for user in named_reviewers()] or None
        upsert_hitl_detail(
            ti_id=context["task_instance"].id,
            options=self.options,
            subject=self.subject,
            body=self.body,
            params=self.serialized_params,
            assigned_users=self.assigned_users,
        )
        _wait(shown.row.fingerprint)


def ask_about(holds: Iterable[Hold]) -> list[str]:
    """Start a review for each hold that has none yet; the runs that were started.

    Airflow triggers from a task one run at a time, by the operator's own message; so a thousand holds are one task and
    not a thousand.

    Raises:
        RuntimeError: when Airflow refuses for another reason than that the run exists.
    """
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    started = []
    for hold in holds:
        run_id = _run_of(hold)
        conf = {"bill": hold.bill_id, "hold": hold.hold_key}
        answer = SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=DAG_ID, run_id=run_id, logical_date=None, conf=conf))
        if not isinstance(answer, ErrorResponse):
            started.append(run_id)
        elif answer.error != ErrorType.DAGRUN_ALREADY_EXISTS:
            raise RuntimeError(f"Airflow did not start {run_id} of {DAG_ID}: {answer.error}. Is the DAG there?")
    return started


def _run_of(hold: Hold) -> str:
    return f"review__{hold.bill_id}__{hold.hold_key}"


def ask_about_new_holds(bill_id: str) -> list[str]:
    """Start a review of what holds the bill now and has none yet; the runs that were started.

    Raises:
        ConflictError: when this run's question was marked as done without an answer.
    """
    from airflow.sdk import get_current_context

    from include.billing.bills.review import list_holds
    from include.domain.errors import ConflictError
    from include.orchestration.connections import warehouse

    context = get_current_context()
    task, run_id = context["task_instance"], context["dag_run"].run_id
    holds = list_holds(warehouse(), bill_id=bill_id)
    started = ask_about(holds)
    asked = [hold for hold in holds if hold.hold_key == context["params"]["hold"] and _run_of(hold) not in started]
    states = task.get_task_states(dag_id=DAG_ID, task_ids=[ASKING], run_ids=[run_id])
    if asked and states[run_id][ASKING] == "success":
        raise ConflictError(
            f"Bill {bill_id} is still held: {ASKING} was marked as done and has no answer. Clear {ASKING} to be asked "
            "again."
        )
    return started


class Decision(NamedTuple):
    """What a person answered: an option of the form, and for `WAIVE` the finding."""

    option: str
    finding: str
    answer: Answer


def _carry_out(decision: Decision) -> str:
    """Do what the person said; what became of the bill, in words.

    An answer that cannot be carried out any more, because the bill is another or is issued by now, changes nothing and
    says so.

    Raises:
        FourEyesError: when another person has to decide.
        InvalidInputError: when the finding does not hold the bill.
    """
    from include.billing.bills import review
    from include.billing.bills.four_eyes import FourEyesError
    from include.domain.errors import ConflictError
    from include.orchestration.connections import warehouse
    from include.orchestration.reviewers import four_eyes_above
    from include.orchestration.work import database_instant

    engine, limit = warehouse(), four_eyes_above()
    at, answer = database_instant(engine), decision.answer
    try:
        if decision.option == APPROVE:
            return review.approve(engine, answer, at, four_eyes_above=limit).sentence
        if decision.option == REJECT:
            return review.reject(engine, answer, at).sentence
        return review.waive(engine, answer, decision.finding, at, four_eyes_above=limit).sentence
    except FourEyesError:
        raise
    except ConflictError as error:
        return str(error)


def describe(shown: BillInReview, makers: dict[str, str] | None = None) -> str:
    """The form's text in Markdown: whose bill it is, its lines and sums, why it is held, and who may not approve it."""
    from include.domain.usage import aku_hours

    row = shown.row
    about = (
        f"Subscription **{_plain(row.subscription_id)}** ({_plain(row.environment_name)}) of buyer "
        f"{_plain(row.account_id)}, period **{row.period}**, {aku_hours(row.aku_seconds)} AKU-hours, total "
        f"**{row.total:f} {row.currency}**. [Open the bill]({pages.bill(row.bill_id).address})"
    )
    options = (
        f"*{APPROVE}* waives all of this and issues exactly this draft ({row.fingerprint[:12]}). *{WAIVE}* needs "
        f"its name; the bill is issued if nothing else holds it. *{REJECT}* leaves it held."
    )
    return "\n".join(
        [
            about,
            "",
            "**It is held because:**",
            "",
            *(f"- **{found.title}** (`{found.finding}`): {_plain(found.sentence)}" for found in shown.findings),
            "",
            f"| Line | Quantity | Price | {row.currency} |",
            "|---|---:|---:|---:|",
            *(
                f"| {line.line_no}. {_plain(line.description)} | {line.quantity:f} {line.unit} | {line.unit_price:f} "
                f"| {line.amount:f} |"
                for line in shown.lines
            ),
            f"| Tax | | | {row.tax:f} |",
            f"| **Total** | | | **{row.total:f}** |",
            "",
            options,
            *(f"\n{_plain(who)} {part}, so another person approves it." for who, part in (makers or {}).items()),
        ]
    )


def _wait(fingerprint: str) -> NoReturn:
    """Leave worker and slot until somebody answers, or it is time to look again."""
    raise TaskAwaitingInput(method_name="execute_complete", kwargs={"fingerprint": fingerprint}, timeout=LOOKS_EVERY)


def _look(context: Context, fingerprint: str | None = None) -> BillInReview:
    """The bill, if it still waits for this run's answer, and is the draft of that fingerprint.

    Raises:
        AirflowSkipException: when it does not.
    """
    from include.billing.bills.review import show_bill
    from include.orchestration.connections import warehouse
    from include.orchestration.outcomes import skip

    asked = context["params"]
    shown = show_bill(warehouse(), asked["bill"])
    row = shown.row
    if row.state != "held":
        skip(f"Bill {row.bill_id} is {row.state} by now: there is nothing to ask.", page=pages.bill(row.bill_id))
    if asked.get("hold") not in {None, row.hold_key} or fingerprint not in {None, row.fingerprint}:
        skip(
            f"Bill {row.bill_id} was decided or made again since; a run of its own asks about it, if it waits.",
            page=pages.bill(row.bill_id),
        )
    return shown


def _form(findings: list[str]) -> Any:  # noqa: ANN401 (ParamsDict, imported where it is used)
    from airflow.sdk import Param
    from airflow.sdk.definitions.param import ParamsDict

    from include.domain.form_fields import REASON_LENGTH

    shortest, longest = REASON_LENGTH
    return ParamsDict(
        {
            "reason": Param(
                "",
                type="string",
                minLength=shortest,
                maxLength=longest,
                title="Reason",
                description="Why, for anyone who asks a year from now; it is kept with the bill.",
            ),
            "finding": Param(
                NO_FINDING,
                type="string",
                enum=[NO_FINDING, *findings],
                title="Finding",
                description=f"Which one to waive, for {WAIVE}.",
            ),
        },
        suppress_exception=True,
    )


def _read_decision(event: dict[str, Any], shown: BillInReview) -> Decision:
    """The decision that Airflow recorded.

    Raises:
        InvalidInputError: when the reason or the finding is missing, or the person may not decide.
    """
    from include.billing.bills.answers import Answer
    from include.domain.errors import InvalidInputError
    from include.orchestration.reviewers import check_reviewer

    fields, person = event.get("params_input") or {}, event.get("responded_by_user") or {}
    [option], finding = event["chosen_options"], fields.get("finding") or NO_FINDING
    if option == WAIVE and finding == NO_FINDING:
        raise InvalidInputError("Finding", NO_FINDING, "must be named to be waived", "Choose it in the form.")
    check_reviewer(person.get("id") or "")
    answer = Answer(shown.row.bill_id, person.get("name") or "", fields.get("reason") or "", shown.row.fingerprint)
    return Decision(option, finding, answer)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", text)
