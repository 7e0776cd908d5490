"""A patient of whom nobody has heard for long: a psychiatrist decides between a welfare check, the
close of the journey in silence, and going on.

Clinical fact sheet, edge case 49.
"""

from datetime import datetime

from clinical.absence import ask_about_absence_at
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Role
from workflows.death import close_in_silence
from workflows.story import Story
from workflows.welfare_check import ask_welfare_check

ABSENCE = "absence"
WELFARE_CHECK, CLOSE, GO_ON = "welfare_check", "close", "go_on"
DISAPPEARED = "disappeared"
REACHED_BY = frozenset(
    {
        ApprovalKind.SAFETY_FOLLOW_UP,
        ApprovalKind.EVENING_CALL,
        ApprovalKind.PATIENT_CONTACT,
        ApprovalKind.MISSED_SESSION,
    }
)
"""Whoever approves one of these says that they have reached the patient."""


def seen(story: Story) -> None:
    """The patient was heard of: nobody need decide on an absence any more. The one timer, which
    now comes too early for it, finds nothing due."""
    story.state.notes.seen_at = story.clock.now()
    story.tasks.cancel(ABSENCE)


class AbsenceWatch:
    """Notices that nobody has heard of a patient, on the journey's one timer."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)
        story.listeners.append(self._closed)

    def next_at(self) -> datetime | None:
        """When a psychiatrist is asked; None while one is."""
        if self._story.tasks.find(ABSENCE) is not None:
            return None
        return ask_about_absence_at(self._story.state, self._story.parameters)

    def tend(self) -> None:
        """Ask once the time has come."""
        at = self.next_at()
        if at is None or at > self._story.clock.now():
            return
        since = at - self._story.parameters.duration("absence.ask_after")
        self._story.tasks.open(
            ApprovalKind.DISAPPEARANCE,
            ABSENCE,
            "Nobody has heard of this patient for long: welfare check, close, or go on?",
            options=(WELFARE_CHECK, CLOSE, GO_ON),
            evidence={"nothing_heard_since": since.isoformat()},
            slots=(Role.PSYCHIATRIST,),
        )

    def _closed(self, task: Task) -> None:
        if task.kind in REACHED_BY and task.status in (TaskStatus.APPROVED, TaskStatus.DONE):
            seen(self._story)
        if task.kind is not ApprovalKind.DISAPPEARANCE or task.status is TaskStatus.CANCELLED:
            return
        story = self._story
        story.state.notes.absence_decided_at = story.clock.now()
        choice = task.votes[-1].choice if task.status is TaskStatus.APPROVED else GO_ON
        if choice == WELFARE_CHECK:
            ask_welfare_check(story, task.task_id, ABSENCE, dict(task.evidence))
        elif choice == CLOSE:
            close_in_silence(story, DISAPPEARED)
