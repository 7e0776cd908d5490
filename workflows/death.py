"""A patient has died: no message, no call, no session any more; the review of it stays.

Clinical fact sheet, edge case 49.
"""

from schemas.approval import ApprovalKind
from schemas.event import EventKind
from schemas.journey import Event
from workflows.story import Story

FATAL = frozenset({"death", "suicide"})
DIED = "died"
REVIEWED = frozenset({ApprovalKind.SAFETY_REPORT, ApprovalKind.MONITORING_FORM})
"""What others must still hear of; everything that would call the patient ends."""


def fall_silent(story: Story, code: str) -> None:
    """Stop every contact at once and end the journey; the safety reports are still made."""
    state = story.state
    if code not in FATAL or state.silenced:
        return
    state.silenced = True
    state.unsent[:] = [message for message in state.unsent if message.address is None]
    state.follow_ups.clear()
    state.risk_alerts.clear()
    story.tasks.cancel_all(keep=lambda task: task.kind in REVIEWED)
    state.close_outcome = DIED
    story.recorder.note(EventKind.CONTACT_SUPPRESSED, {"because": code})
    story.interrupt(Event.CLOSE_REQUESTED)
