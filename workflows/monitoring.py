"""Periodic checks while treatment goes on: what is due before a dose becomes somebody's task.

Clinical fact sheet, 7.4. Booking does not wait for them; what blocks a dose is asked at check-in.
"""

from datetime import datetime

from clinical.course_checks import ROLE_OF, checks_before
from clinical.prescription_monitoring import PDMP
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Role
from schemas.journey import Series
from workflows.missed_session import gap_reasons
from workflows.schedule import in_words
from workflows.story import Story


def open_due(story: Story, series: Series, at: datetime) -> None:
    """Ask each role for the checks that are due before a dose at `at`; one task for a role."""
    for role, due in checks_before(story.state, at, story.parameters).items():
        story.tasks.open(
            ApprovalKind.MONITORING_DUE,
            f"monitoring-{role.value}",
            "Periodic checks are due: do them, then say so",
            slots=(role,),
            evidence={item.kind: item.due_at.isoformat() for item in due},
        )
    refresh = [r for r in gap_reasons(story, series, at) if r.code == "refresh_checks"]
    if refresh:
        story.tasks.open(
            ApprovalKind.MONITORING_DUE,
            "monitoring-gap",
            "A long gap before the next dose: examine again, refresh the checks",
            slots=(Role.PRESCRIBER,),
            evidence=in_words(refresh),
        )


def queried(story: Story, at: datetime | None) -> None:
    """The prescription monitoring programme was queried, ahead of a day or at the chair: the newest
    query counts (8.1). A clock that goes before ours makes none later than now."""
    known = story.state.notes.monitoring.get(PDMP)
    if at is not None and (known is None or known < at):
        story.state.notes.monitoring[PDMP] = min(at, story.clock.now())


def checks_closed(story: Story, task: Task) -> None:
    """What was asked for has been done, or was not: then it is asked for at the next booking."""
    if task.kind is not ApprovalKind.MONITORING_DUE:
        return
    story.state.tasks.pop(task.key, None)
    if task.status is TaskStatus.APPROVED:
        done = dict.fromkeys(ROLE_OF.keys() & task.evidence.keys(), task.votes[-1].at)
        story.state.notes.monitoring.update(sorted(done.items()))
