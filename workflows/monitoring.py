"""Periodic checks while treatment goes on: what is due before a dose becomes somebody's task.

Clinical fact sheet, 7.4. Booking does not wait for them; what blocks a dose is asked at check-in.
"""

from datetime import datetime

from clinical.monitoring import monitoring_due
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Role
from schemas.journey import Series
from schemas.schedule import MonitoringItem
from workflows.missed_session import gap_reasons
from workflows.schedule import doses_at, in_words
from workflows.story import Story

ROLE_OF = {
    "luts": Role.NURSE,
    "ua": Role.NURSE,
    "lft": Role.NURSE,
    "cognition": Role.NURSE,
    "misuse_screen": Role.NURSE,
    "pdmp": Role.PRESCRIBER,
    "psychiatrist_review": Role.PSYCHIATRIST,
}
"""Whose each check is. Consent has its own gate before every booking."""

SAME_TEST = {"bpic_ss": "luts", "moca": "cognition"}
"""Instruments of the work-up under the name of the check they serve."""


def open_due(story: Story, series: Series, at: datetime) -> None:
    """Ask each role for the checks that are due before a dose at `at`; one task for a role."""
    due = [item for item in _items(story, at) if item.overdue and item.kind in ROLE_OF]
    for role in dict.fromkeys(ROLE_OF[item.kind] for item in due):
        story.tasks.open(
            ApprovalKind.MONITORING_DUE,
            f"monitoring-{role.value}",
            "Periodic checks are due: do them, then say so",
            slots=(role,),
            evidence={i.kind: i.due_at.isoformat() for i in due if ROLE_OF[i.kind] is role},
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


def checks_closed(story: Story, task: Task) -> None:
    """What was asked for has been done, or was not: then it is asked for at the next booking."""
    if task.kind is not ApprovalKind.MONITORING_DUE:
        return
    story.state.tasks.pop(task.key, None)
    if task.status is TaskStatus.APPROVED:
        done = dict.fromkeys(ROLE_OF.keys() & task.evidence.keys(), task.votes[-1].at)
        story.state.notes.monitoring.update(sorted(done.items()))


def _items(story: Story, at: datetime) -> tuple[MonitoringItem, ...]:
    doses = doses_at(story)
    if not doses:
        return ()
    return monitoring_due(
        _last_done(story), doses[0], at, story.parameters, liver_raised=_liver_raised(story)
    )


def _last_done(story: Story) -> dict[str, datetime | None]:
    """The newest of each check, in the screening's work-up or asked for since."""
    last: dict[str, datetime | None] = {}
    screening = story.state.screening
    for result in sorted(screening.work_up if screening else (), key=lambda r: r.taken_at):
        last[SAME_TEST.get(result.kind, result.kind)] = result.taken_at
    for kind, at in story.state.notes.monitoring.items():
        before = last.get(kind)
        last[kind] = at if before is None else max(at, before)
    return last


def _liver_raised(story: Story) -> bool:
    screening = story.state.screening
    limit = story.parameters.number("screen.alt_ast_hold_uln")
    return screening is not None and any(
        r.kind == "lft" and (r.result == "abnormal" or (r.value or 0) > limit)
        for r in screening.work_up
    )
