"""Who may take, hand on, put off or raise a task, and why not: work is divided among people here;
what a person may decide is the approval's own rule and never changes by it. Roles: section 1.3 of
the clinical fact sheet.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from clinical.task_priority import RANKS, priority_of
from schemas.base import Reason, Role
from schemas.worklist import (
    AssignTask,
    ClaimTask,
    HandleTask,
    Handling,
    RaisePriority,
    ReleaseTask,
    RemindColleague,
    SnoozeTask,
    TaskAct,
)

DIVIDES_WORK = frozenset({Role.CARE_COORDINATOR, Role.MEDICAL_DIRECTOR, Role.OPS})
"""Who may give anybody's task to anybody, and take back what a colleague holds."""

REMIND_AGAIN_AFTER = timedelta(hours=1)
"""[D] Sooner is noise: whoever has the task was told just now."""


class Asked(NamedTuple):
    """The task as it waits, as far as its handling depends on it. `roles`: who may act on it."""

    kind: str
    pending: bool
    status: str
    roles: frozenset[Role]
    due_at: datetime


class Person(NamedTuple):
    """Whoever acts: their roles, and the absent colleagues whose tasks are theirs meanwhile."""

    id: str
    roles: frozenset[Role]
    stands_for: frozenset[str] = frozenset()

    def has(self, handling: Handling) -> bool:
        """Whether the task is theirs."""
        return handling.claimed_by is not None and (
            handling.claimed_by == self.id or handling.claimed_by in self.stands_for
        )


def judge_handling(
    task: Asked, handling: Handling, said: HandleTask, person: Person, now: datetime
) -> tuple[Reason, ...]:
    """Why this act cannot be done; empty when it can. Roles: section 1.3."""
    if not task.pending:
        return (Reason(code="already_decided", text=f"this task is already {task.status}"),)
    stale = said.expected_version is not None and said.expected_version != handling.version
    if stale:
        text = f"version {said.expected_version} was shown, it is version {handling.version} now"
        return (Reason(code="changed_since", text=text), *_holder(handling, person))
    match said:
        case ClaimTask():
            return _holder(handling, person) or _role(task, person.roles)
        case ReleaseTask():
            return _theirs(handling, person, "release what a colleague holds")
        case AssignTask():
            return _assign(task, handling, person)
        case SnoozeTask():
            return (*_act(task, handling, person), *_until(task, said, now))
        case RaisePriority():
            return (*_act(task, handling, person), *_raise(task, handling, said, now))
        case RemindColleague():
            return ()
        case _:
            raise TypeError(type(said).__name__)


def changes_nothing(handling: Handling, said: HandleTask, person: Person, now: datetime) -> bool:
    """Whether the act would leave everything as it is, for whoever of section 1.3 does it."""
    match said:
        case ClaimTask():
            return handling.claimed_by == person.id
        case ReleaseTask():
            return handling.claimed_by is None
        case AssignTask():
            return handling.claimed_by == said.person
        case SnoozeTask():
            return handling.snoozed_until == said.until
        case RemindColleague():
            last = handling.reminded_at
            return last is not None and now < last + REMIND_AGAIN_AFTER
        case _:
            return False


def handled(
    handling: Handling, said: HandleTask, person: Person, now: datetime
) -> tuple[TaskAct, Handling]:
    """What was done, and the handling after it; only what `judge_handling` let pass (1.3)."""
    act, changes = _changes(said, person, now)
    version = handling.version + 1
    changes |= {"version": version, "changed_by": person.id, "changed_at": now}
    return act, handling.model_copy(update=changes)


def _changes(said: HandleTask, person: Person, now: datetime) -> tuple[TaskAct, dict[str, object]]:
    match said:
        case ClaimTask():
            held = {"claimed_by": person.id, "claimed_at": now, "assigned_by": None}
            return TaskAct.CLAIMED, held
        case ReleaseTask():
            held = {"claimed_by": None, "claimed_at": None, "assigned_by": None}
            return TaskAct.RELEASED, held
        case AssignTask():
            held = {"claimed_by": said.person, "claimed_at": now, "assigned_by": person.id}
            return TaskAct.ASSIGNED, held
        case SnoozeTask():
            return TaskAct.SNOOZED, {"snoozed_until": said.until, "snooze_reason": said.reason}
        case RaisePriority():
            return TaskAct.RAISED, {"raised_to": said.priority, "raise_reason": said.reason}
        case RemindColleague():
            return TaskAct.REMINDED, {"reminded_at": now}
        case _:
            raise TypeError(type(said).__name__)


def _holder(handling: Handling, person: Person) -> tuple[Reason, ...]:
    """Who has it, if that is somebody else."""
    if handling.claimed_by is None or handling.claimed_by == person.id:
        return ()
    since = handling.claimed_at.isoformat(timespec="seconds") if handling.claimed_at else "before"
    text = f"{handling.claimed_by} has had it since {since}"
    return (Reason(code="claimed", text=text, fact=handling.claimed_by),)


def _role(task: Asked, roles: Collection[Role]) -> tuple[Reason, ...]:
    if task.roles & set(roles):
        return ()
    wanted = ", ".join(sorted(role.value for role in task.roles))
    return (Reason(code="wrong_role", text=f"this waits on: {wanted}"),)


def _theirs(handling: Handling, person: Person, what: str) -> tuple[Reason, ...]:
    """Nobody's task is everybody's; a colleague's only theirs and of whoever divides the work."""
    if handling.claimed_by is None or person.has(handling) or person.roles & DIVIDES_WORK:
        return ()
    wanted = ", ".join(sorted(role.value for role in DIVIDES_WORK))
    return (*_holder(handling, person), Reason(code="not_yours", text=f"{what}: {wanted}"))


def _assign(task: Asked, handling: Handling, person: Person) -> tuple[Reason, ...]:
    if handling.claimed_by is not None:
        return _theirs(handling, person, "hand on what a colleague holds")
    return () if person.roles & DIVIDES_WORK else _role(task, person.roles)


def _act(task: Asked, handling: Handling, person: Person) -> tuple[Reason, ...]:
    if handling.claimed_by is None:
        return () if person.roles & DIVIDES_WORK else _role(task, person.roles)
    return _theirs(handling, person, "arrange what a colleague holds")


def _until(task: Asked, said: SnoozeTask, now: datetime) -> tuple[Reason, ...]:
    if said.until <= now:
        return (Reason(code="in_the_past", text="put it off to a moment that is still to come"),)
    if said.until > task.due_at:
        due = task.due_at.isoformat(timespec="minutes")
        return (Reason(code="past_due", text=f"it is due at {due}; no later than that"),)
    return ()


def _raise(
    task: Asked, handling: Handling, said: RaisePriority, now: datetime
) -> tuple[Reason, ...]:
    stands = priority_of(task.kind, task.due_at, now, handling.raised_to)
    if RANKS[said.priority] < RANKS[stands]:
        return ()
    return (Reason(code="not_higher", text=f"it is {stands.value} already; it is only raised"),)
