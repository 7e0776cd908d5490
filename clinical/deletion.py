"""A request to delete: what the law keeps, and by when the requester has an answer.

Clinical fact sheet, 8.2 and edge case 50.
"""

from datetime import date, datetime, time, timedelta

from clinical.clinic_hours import at_local
from clinical.parameters import Parameters
from clinical.retention import RecordKind, judge_deletion
from schemas.approval import ApprovalKind
from schemas.base import Reason
from schemas.deletion import RequestDeletion
from schemas.journey import JourneyState


def judge_request(state: JourneyState, command: RequestDeletion, today: date) -> tuple[Reason, ...]:
    """Why this request cannot be taken; empty when it can (11.50)."""
    if command.received_on > today:
        text = "a request is received before it is taken down"
        return (Reason(code="received_ahead", text=text, fact="received_on"),)
    if any(task.kind is ApprovalKind.DELETION_REQUEST for task in state.tasks.values()):
        text = "a request to delete waits for its answer already"
        return (Reason(code="deletion_already_requested", text=text),)
    return ()


def kept_by_law(
    state: JourneyState, last_on: date, today: date, parameters: Parameters
) -> tuple[tuple[RecordKind, tuple[Reason, ...]], ...]:
    """Each kind of record that this journey has, with why it may not be deleted; no reason: a
    person decides. `last_on`: the day of the last entry (8.2, 11.50)."""
    dosed = any(session.dosed_at is not None for session in state.sessions)
    kinds = [kind for kind in RecordKind if dosed or kind is not RecordKind.CONTROLLED_SUBSTANCE]
    return tuple((kind, judge_deletion(kind, last_on, today, parameters)) for kind in kinds)


def answered_by(command: RequestDeletion, state: JourneyState, parameters: Parameters) -> datetime:
    """The end of the last day on which the requester has an answer, aware UTC (11.50)."""
    within = parameters.duration("records.answer_within")
    day_after = command.received_on + within + timedelta(days=1)
    return at_local(day_after, time(0), state.clinic)
