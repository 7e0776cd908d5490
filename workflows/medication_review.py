"""Pressure was too high before the dose, time and again: a prescriber looks at the medicines before
the next, and primary care hears of it.

Clinical fact sheet, edge case 6.
"""

from clinical.medication_review import judge_high_days
from schemas.approval import ApprovalKind, TaskStatus
from schemas.health_record import Milestone
from schemas.infusion import SessionResult
from workflows.schedule import in_words
from workflows.story import Story

REVIEW = "medication-review"


def review_medicines(story: Story, result: SessionResult) -> None:
    """Ask for the review where the day that has just closed calls for it, and write once."""
    if not result.pressure_high or story.tasks.find(REVIEW) is not None:
        return
    notes = story.state.notes
    reasons = judge_high_days(story.state.sessions, notes.medicines_reviewed_at, story.parameters)
    if not reasons:
        return
    story.tasks.open(
        ApprovalKind.MEDICATION_REVIEW,
        REVIEW,
        "Pressure too high before the dose: review the medicines; may treatment go on?",
        evidence=in_words(reasons),
        session_id=result.session_id,
    )
    story.letters.owe(Milestone.PRESSURE_HIGH)


async def medicines_reviewed(story: Story) -> bool:
    """Whether treatment may go on as the prescriber says; waits while the review is open."""
    if story.tasks.find(REVIEW) is None:
        return True
    await story.wait(lambda: (task := story.tasks.find(REVIEW)) is None or not task.pending)
    if story.tasks.find(REVIEW) is None:
        return True
    task = story.tasks.take(REVIEW)
    story.state.notes.medicines_reviewed_at = story.clock.now()
    return task.status is TaskStatus.APPROVED
