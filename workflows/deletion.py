"""A request to delete: documented, the journey marked restricted, and the requester answered by a
medical director. Nothing is deleted.

Clinical fact sheet, edge case 50.
"""

from clinical.clinic_hours import local_date
from clinical.deletion import answered_by, judge_request, kept_by_law
from schemas.approval import ApprovalKind
from schemas.base import Reason
from schemas.deletion import RequestDeletion
from schemas.event import EventKind
from workflows.story import Story

REQUEST = "deletion"


def judge_deletion_request(story: Story, command: RequestDeletion) -> tuple[Reason, ...]:
    """Why this request cannot be taken; empty when it can."""
    today = local_date(story.clock.now(), story.state.clinic)
    return judge_request(story.state, command, today)


def request_deletion(story: Story, command: RequestDeletion) -> None:
    """Put it on record with what the law keeps and until when, and ask for the answer."""
    state = story.state
    state.deletion_asked_at = story.clock.now()
    today = local_date(story.clock.now(), state.clinic)
    kept = {
        kind.value: reasons[0].fact or reasons[0].text if reasons else "its time is over"
        for kind, reasons in kept_by_law(state, today, today, story.parameters)
    }
    due_at = answered_by(command, state, story.parameters)
    story.recorder.note(
        EventKind.DELETION_REQUESTED,
        {
            **command.model_dump(mode="json", exclude={"command_id", "actor"}),
            "kept": dict(kept),
            "answer_by": due_at.isoformat(),
        },
        by=command,
    )
    story.tasks.open(
        ApprovalKind.DELETION_REQUEST,
        REQUEST,
        "A request to delete: answer the requester; the law keeps what is named",
        requested_by=command.actor,
        due_at=due_at,
        evidence=kept,
    )
