"""Follow-up: every safety follow-up still owed is made, then a person closes the journey."""

from schemas.approval import ApprovalKind, TaskStatus
from schemas.journey import Event
from schemas.reevaluation import Course
from workflows.journal import JOURNAL_CALL
from workflows.reevaluation import relapsed
from workflows.sessions import SessionDesk
from workflows.story import Story

CLOSE = "close-review"
RESPONDED = frozenset({Course.TAPER, Course.MAINTENANCE, Course.SWITCH})
"""Courses that only who responded was on: there is a response to lose."""


async def follow_up(story: Story, sessions: SessionDesk) -> Event:
    """Nothing is forgotten: an open session closes, the follow-ups are made, then the end. What
    comes up while the close is being decided is still looked after first."""
    while True:
        await sessions.closed()
        await story.wait(
            lambda: not _owed(story) and story.desk.read,
            summary="after-care: until every follow-up is made",
        )
        if story.state.close_outcome is not None:
            return Event.FOLLOWED_UP
        if story.state.course in RESPONDED and relapsed(story):
            return Event.RELAPSED
        task = await story.ask(
            ApprovalKind.CLOSE_REVIEW, CLOSE, "Course finished: close the journey?"
        )
        if task.status is TaskStatus.APPROVED:
            story.state.close_outcome = "completed"


def _owed(story: Story) -> bool:
    """Whether anybody owes this patient a contact. That the journal has been silent for days is
    none to be called about once the course is over."""
    calls = (t for t in story.tasks.pending() if t.kind is ApprovalKind.PATIENT_CONTACT)
    called_about = any(call.key != JOURNAL_CALL for call in calls)
    return bool(story.state.follow_ups) or story.tasks.care_pending or called_about
