"""A patient has died, or has disappeared: no message, no session any more; the review stays.

Clinical fact sheet, edge case 49.
"""

from schemas.approval import ApprovalKind
from schemas.event import EventKind
from schemas.journey import Event
from workflows.story import Story

FATAL = frozenset({"death", "suicide"})
DIED = "died"
REVIEWED = frozenset(
    {
        ApprovalKind.SAFETY_REPORT,
        ApprovalKind.MONITORING_FORM,
        ApprovalKind.DELETION_REQUEST,
        ApprovalKind.SUBSTANCE_VARIANCE,
        ApprovalKind.GAP_REVIEW,
    }
)
"""What others must still hear of, and what was given and does not add up; everything that would
call the patient ends."""


def fall_silent(story: Story, code: str) -> None:
    """Stop every contact at once and end the journey; the safety reports are still made."""
    if code not in FATAL or story.state.close_outcome == DIED:
        return
    story.state.risk_alerts.clear()
    story.tasks.cancel_all(keep=lambda task: task.kind in REVIEWED)
    close_in_silence(story, DIED, because=code)


def close_in_silence(story: Story, outcome: str, *, because: str = "") -> None:
    """No automated word to the patient any more, and the journey ends. What people were asked about
    a danger, and what others must still hear of, stays with them."""
    state = story.state
    state.silenced = True
    state.unsent[:] = [message for message in state.unsent if message.address is None]
    state.follow_ups.clear()
    kept = REVIEWED | {
        ApprovalKind.WELFARE_CHECK,
        ApprovalKind.SUICIDE_RISK_REVIEW,
        ApprovalKind.RESULT_REVIEW,
    }
    story.tasks.cancel_all(keep=lambda task: task.kind in kept)
    state.close_outcome = outcome
    story.recorder.note(EventKind.CONTACT_SUPPRESSED, {"because": because or outcome})
    story.interrupt(Event.CLOSE_REQUESTED)
