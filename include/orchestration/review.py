"""The review of held bills in the Airflow UI: who is asked, what the form shows, and what becomes of the answer.

Each hold of a bill (include/billing/bills/review.py) is one run of `bill_review`, named by it, so asking twice is the
same as asking once. A run waits without worker, trigger or slot; once an hour it checks whether its hold still waits,
and ends if not.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from include.orchestration.errors import operator_reporting_known_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import Context

    from include.billing.bills.answers import Answer
    from include.billing.bills.review import BillInReview, Hold

DAG_ID = "bill_review"
APPROVE = "Approve and issue"
REJECT = "Reject"
WAIVE = "Waive one finding"
NO_FINDING = "none"
#: Airflow variable with the ids of the users who may answer, separated by commas; without it, all who may run the DAG.
REVIEWERS = "bill_reviewers"
LOOKS_EVERY = timedelta(hours=1)


@operator_reporting_known_errors
class AwaitAnswer(HITLOperator):
    """Shows a held bill and waits for a person's answer, as long as the bill waits for one.

    The answer is checked before it is taken: one without a reason is asked for again. Where the bill does not wait for
    this run's answer any more, the task and what follows are skipped with a sentence.
    """

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 (Airflow's)
        super().__init__(
            subject="A held bill", options=[APPROVE, REJECT, WAIVE], response_timeout=LOOKS_EVERY, **kwargs
        )

    def execute(self, context: Context) -> None:
        """Fill the form from the bill, and wait."""
        self._ask(context, _look(context))

    def execute_complete(
        self, context: Context, event: dict[str, Any], fingerprint: str | None = None
    ) -> dict[str, Any]:
        """Take the answer, or wait on; `fingerprint` is that of the draft that the form shows."""
        from include.domain.errors import InvalidInputError

        shown = _look(context, fingerprint)
        if event.get("error_type") == "timeout":
            self.log.info("Bill %s still waits for an answer.", shown.row.bill_id)
            _wait(shown.row.fingerprint)
        if "error" in event:
            self.process_trigger_event_error(event)
        given = _read_answer(event, shown)
        try:
            _check(given)
        except InvalidInputError as error:
            self.log.warning("The answer is not taken, so the bill is shown again: %s", error)
            self._ask(context, shown)
        return given

    def _ask(self, context: Context, shown: BillInReview) -> NoReturn:
        """Fill the form, without what may have been answered before, and wait."""
        from airflow.sdk import Variable

        self.subject = f"Bill {shown.row.bill_id}: {shown.row.total:f} {shown.row.currency} is held"
        self.body = describe(shown)
        self.params = _form([found.finding for found in shown.findings])
        users = [user.strip() for user in (Variable.get(REVIEWERS, default="") or "").split(",")]
        self.assigned_users = [{"id": user, "name": user} for user in users if user] or None
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
        run_id = f"review__{hold.bill_id}__{hold.hold_key}"
        conf = {"bill": hold.bill_id, "hold": hold.hold_key}
        answer = SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=DAG_ID, run_id=run_id, logical_date=None, conf=conf))
        if not isinstance(answer, ErrorResponse):
            started.append(run_id)
        elif answer.error != ErrorType.DAGRUN_ALREADY_EXISTS:
            raise RuntimeError(f"Airflow did not start {run_id} of {DAG_ID}: {answer.error}. Is the DAG there?")
    return started


def carry_out(given: dict[str, Any]) -> str:
    """Do what the person said; what became of the bill, in words.

    An answer that cannot be carried out any more, because the bill is another or is issued by now, changes nothing and
    says so.
    """
    from datetime import datetime

    from include.billing.bills import review
    from include.domain.errors import ConflictError, InvalidInputError
    from include.orchestration.connections import warehouse

    engine, answer, at = warehouse(), _check(given), datetime.fromisoformat(given["at"])
    try:
        if given["option"] == APPROVE:
            return review.approve(engine, answer, at).sentence
        if given["option"] == REJECT:
            return review.reject(engine, answer, at).sentence
        return review.waive(engine, answer, given["finding"], at).sentence
    except (ConflictError, InvalidInputError) as error:
        return str(error)


def describe(shown: BillInReview) -> str:
    """The form's text in Markdown: whose bill it is, its lines, its sums, and why it is held."""
    from airflow.sdk.configuration import conf

    from include.domain.usage import aku_hours

    row = shown.row
    site = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    about = (
        f"Subscription **{_plain(row.subscription_id)}** ({_plain(row.environment_name)}) of buyer "
        f"{_plain(row.account_id)}, period **{row.period}**, {aku_hours(row.aku_seconds)} AKU-hours, total "
        f"**{row.total:f} {row.currency}**. [Open the bill]({site}/plugin/bills/billing/bills/{row.bill_id})"
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
            *(f"- `{found.finding}`: {_plain(found.sentence)}" for found in shown.findings),
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
    from airflow.sdk.exceptions import AirflowSkipException

    from include.billing.bills.review import show_bill
    from include.orchestration.connections import warehouse

    asked = context["params"]
    shown = show_bill(warehouse(), asked["bill"])
    row = shown.row
    if row.state != "held":
        raise AirflowSkipException(f"Bill {row.bill_id} is {row.state} by now: there is nothing to ask.")
    if asked.get("hold") not in {None, row.hold_key} or fingerprint not in {None, row.fingerprint}:
        raise AirflowSkipException(
            f"Bill {row.bill_id} was decided or made again since; a run of its own asks about it, if it waits."
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


def _read_answer(event: dict[str, Any], shown: BillInReview) -> dict[str, Any]:
    """The answer as tasks hand it on."""
    fields, person = event.get("params_input") or {}, event.get("responded_by_user") or {}
    finding = fields.get("finding") or NO_FINDING
    return {
        "bill": shown.row.bill_id,
        "fingerprint": shown.row.fingerprint,
        "option": event["chosen_options"][0],
        "finding": "" if finding == NO_FINDING else finding,
        "reason": fields.get("reason") or "",
        "by": person.get("name") or "",
        "at": event["responded_at"].isoformat(),
    }


def _check(given: dict[str, Any]) -> Answer:
    from include.billing.bills.answers import Answer
    from include.domain.errors import InvalidInputError

    if given["option"] == WAIVE and not given["finding"]:
        raise InvalidInputError("Finding", "", "is missing", "Choose which finding is waived.")
    return Answer(given["bill"], given["by"], given["reason"], given["fingerprint"])


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", text)
