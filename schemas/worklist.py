"""What people do with a task beside deciding it: take it, hand it on, put it off, raise it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Actor, Command, Instant, RequiredText, ShortText, Value

PersonId = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
TaskId = Annotated[str, StringConstraints(min_length=1, max_length=300)]
MOST_AT_ONCE = 200


class Priority(StrEnum):
    """How soon a person should look, in four words."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class TaskAct(StrEnum):
    """What was done with a task beside deciding it."""

    CLAIMED = "task_claimed"
    RELEASED = "task_released"
    ASSIGNED = "task_assigned"
    SNOOZED = "task_snoozed"
    RAISED = "priority_raised"
    REMINDED = "colleague_reminded"


class Handling(Value):
    """Who has a task and what was arranged about it. `version` counts every act; 0: untouched.
    `entered_at`: since when it waits in the queue, which no act changes; `changed_at`: the last
    act."""

    task_id: str
    version: int = 0
    entered_at: Instant | None = None
    claimed_by: str | None = None
    claimed_at: Instant | None = None
    assigned_by: str | None = None
    snoozed_until: Instant | None = None
    snooze_reason: str | None = None
    raised_to: Priority | None = None
    raise_reason: str | None = None
    reminded_at: Instant | None = None
    changed_by: str | None = None
    changed_at: Instant | None = None


class ActLine(Value):
    """One line of what was done with a task, by whom and why. `person`: to whom it was given."""

    task_id: str
    version: int
    act: TaskAct
    actor: Actor
    at: Instant
    person: str | None = None
    until: Instant | None = None
    priority: Priority | None = None
    reason: str = ""


class HandleTask(Command):
    """What every act on a task says. `expected_version`: the version of its handling that was
    seen; without it only what another person holds is protected."""

    approval_id: TaskId
    expected_version: Annotated[int, Field(ge=0)] | None = None


class ClaimTask(HandleTask):
    """Take a task out of the pool: from now on it is mine to see through."""


class ReleaseTask(HandleTask):
    """Give a task back to the pool."""

    reason: ShortText = ""


class AssignTask(HandleTask):
    """Give a task to a colleague. It gives them no role."""

    person: PersonId
    reason: ShortText = ""


class SnoozeTask(HandleTask):
    """Put a task out of sight until a moment that is not past its deadline."""

    until: Instant
    reason: RequiredText


class RaisePriority(HandleTask):
    """Raise a task's priority. What the engine set is never lowered."""

    priority: Priority
    reason: RequiredText


class RemindColleague(HandleTask):
    """Remind whoever has a task, or the roles that owe it."""


class BulkAct(StrEnum):
    """What may be done with many tasks at once. Never a decision."""

    ASSIGN = "assign"
    SNOOZE = "snooze"
    REMIND = "remind"


class HandleMany(Value):
    """One act on many tasks; each is judged by itself. `preview`: nothing is changed."""

    act: BulkAct
    task_ids: Annotated[tuple[TaskId, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]
    person: PersonId | None = None
    until: Instant | None = None
    reason: ShortText = ""
    preview: bool = False


class BulkOutcome(StrEnum):
    """What became of one item."""

    APPLIED = "applied"
    NO_OP = "no_op"
    REFUSED = "refused"
    FAILED = "failed"


class Away(Value):
    """Somebody is away and a colleague sees their tasks meanwhile."""

    person: PersonId
    delegate: PersonId
    from_at: Instant
    until_at: Instant


class SaveFilter(Value):
    """A filter under a name. `query`: what stands behind `?` in the worklist's address.
    `shared_with`: the clinic whose staff sees it too."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    query: Annotated[str, StringConstraints(max_length=1_000)]
    shared_with: Annotated[str, StringConstraints(max_length=100)] | None = None
