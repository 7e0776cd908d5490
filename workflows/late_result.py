"""A result that comes after dosing has begun: an abnormal one is paged, and nothing is dosed until
a person has assessed it.

Clinical fact sheet, edge case 48.
"""

from clinical.clinic_hours import local_date
from clinical.late_result import reviews_in
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Reason, Role
from schemas.event import EventKind
from schemas.journey import Event
from schemas.late_result import RecordResult
from schemas.notification import NotificationClass
from workflows.sessions import SessionDesk
from workflows.story import Story

REVIEW = "result-"


def judge_result(story: Story, command: RecordResult) -> tuple[Reason, ...]:
    """Why this result cannot be taken; empty when it can."""
    if command.taken_on <= local_date(story.clock.now(), story.state.clinic):
        return ()
    text = "a sample is taken before its result comes"
    return (Reason(code="result_ahead", text=text, fact="taken_on"),)


def record_result(story: Story, command: RecordResult) -> None:
    """Keep it; what is abnormal is told at once and assessed by the prescriber."""
    said = command.model_dump(mode="json", exclude={"command_id", "actor"})
    story.recorder.note(EventKind.RESULT_ARRIVED, said, by=command)
    if not command.abnormal:
        return
    story.tasks.open(
        ApprovalKind.RESULT_REVIEW,
        f"{REVIEW}{command.kind.value}-{story.state.version}",
        "An abnormal result came after dosing had begun: may treatment go on?",
        evidence={
            "kind": command.kind.value,
            "taken_on": command.taken_on.isoformat(),
            "finding": command.finding,
        },
    )
    story.tell_role(
        Role.PRESCRIBER,
        "safety_alert",
        f"result:{story.state.version}",
        NotificationClass.SAFETY,
        alert="late_result",
    )


async def results_assessed(story: Story) -> bool:
    """Whether every abnormal result has been assessed and treatment may go on; waits for whoever
    assesses. False when they say that it may not."""
    await story.wait(lambda: not any(task.pending for task in reviews_in(story.state.tasks)))
    decided = [task for task in reviews_in(story.state.tasks) if not task.pending]
    taken = [story.tasks.take(task.key) for task in decided]
    return all(task.status is TaskStatus.APPROVED for task in taken)


def result_decided(sessions: SessionDesk, task: Task) -> None:
    """No: the booked day closes before its dose, and the course goes to a decision."""
    if task.kind is ApprovalKind.RESULT_REVIEW and task.status is TaskStatus.DECLINED:
        sessions.interrupt(Event.HELD)
