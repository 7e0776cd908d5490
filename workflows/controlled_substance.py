"""What was drawn is given or wasted before a witness: judged after every word on it.

A dose that does not add up is put to two people who recount; until they have, the patient's
discharge lacks a criterion. No log is edited: a correction is a fact of its own.
"""

from clinical.controlled_substance import judge_waste
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import SYSTEM, Command, Reason, Role
from schemas.controlled_substance import Waste
from schemas.event import EventKind
from schemas.infusion import RecordWaste
from workflows.session_state import AFTER_DOSE
from workflows.supervision import ENVELOPE, Reasons, Supervision

VARIANCE = "substance-variance"
UNEXPLAINED = "substance-variance-unexplained"


def judge_record_waste(day: Supervision, _command: RecordWaste) -> Reasons:
    """After the dose, until the patient has gone."""
    wrong = day.only_in(AFTER_DOSE, "not_in_observation")
    if wrong or day.state.delivered_mg is not None:
        return wrong
    text = "write down how much was given first"
    return (Reason(code="delivered_amount_missing", text=text),)


def record_waste(day: Supervision, command: RecordWaste) -> None:
    """Told after the dose, on top of what was told before."""
    day.note(EventKind.WASTE_RECORDED, command, command.model_dump(mode="json", exclude=ENVELOPE))
    told(day, command, command.waste)


def told(day: Supervision, command: Command, waste: Waste | None) -> None:
    """Keep what was wasted and by whom; ask two people where it does not add up."""
    if waste is not None:
        before_mg = day.state.wasted.wasted_mg if day.state.wasted else 0.0
        day.state.wasted = waste.model_copy(update={"wasted_mg": before_mg + waste.wasted_mg})
        day.state.wasted_by = command.actor
    reasons = variance(day)
    if not reasons:
        day.tasks.cancel(VARIANCE)
        return
    day.tasks.open(
        ApprovalKind.SUBSTANCE_VARIANCE,
        VARIANCE,
        "Drawn, given and wasted do not add up: recount, two people",
        evidence={reason.code: reason.fact or reason.text for reason in reasons},
        session_id=day.state.plan.session_id,
    )


def variance(day: Supervision) -> tuple[Reason, ...]:
    """Why the dose does not add up; empty while nothing is known yet, and once two people have
    recounted it: what they could not explain keeps an incident open, not a patient here."""
    state = day.state
    if state.drawn_mg is None or state.delivered_mg is None or state.recounted:
        return ()
    return judge_waste(
        state.drawn_mg, state.delivered_mg, state.wasted, state.wasted_by or SYSTEM, day.parameters
    )


def recounted(day: Supervision, task: Task) -> None:
    """Two people have recounted: explained, or an incident of the medical director's."""
    day.state.tasks.pop(task.key, None)
    if task.status is TaskStatus.CANCELLED:
        return
    day.state.recounted = True
    if task.status is not TaskStatus.APPROVED and task.key != UNEXPLAINED:
        day.tasks.open(
            ApprovalKind.SUBSTANCE_VARIANCE,
            UNEXPLAINED,
            "A dose that two people could not explain: an incident",
            slots=(Role.MEDICAL_DIRECTOR,),
            evidence=task.evidence,
            session_id=day.state.plan.session_id,
        )
