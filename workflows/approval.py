"""What waits on people in one workflow: asked, reminded, escalated, decided, or expired.

Approvals and entries (an evaluation to record, a consent to sign) are one primitive. One timer
runs to the next deadline of them all.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from clinical.approval import (
    Step,
    cast,
    escalate_now,
    judge_vote,
    open_slots,
    open_task,
    rule_for,
    settle,
)
from clinical.approval import when_due as due_step
from clinical.decision_signature import evidence_sha256, judge_signature
from schemas.approval import (
    ApprovalKind,
    DecideApproval,
    EntryKind,
    PendingApproval,
    RemindTask,
    Task,
    TaskStatus,
)
from schemas.base import SYSTEM, Actor, Command, Reason, Role, earliest
from schemas.event import EventKind
from schemas.notification import Notification, NotificationClass
from schemas.protocol import ApprovalRule
from workflows.deadlines import Clock
from workflows.ledger import digest_of
from workflows.notifier import Notifier
from workflows.recorder import Recorder

CLOSED_REMEMBERED = 50
"""Ids of decided tasks kept, so that a second decision is answered as such."""

SAFETY_KINDS = frozenset(
    {
        ApprovalKind.SAFETY_FOLLOW_UP,
        ApprovalKind.SUICIDE_RISK_REVIEW,
        ApprovalKind.EVENING_CALL,
        ApprovalKind.WELFARE_CHECK,
    }
)


class HasTasks(Protocol):
    """State that carries what waits on people. `tasks` is keyed by the story's own key;
    `task_counts` says how many of each kind there have been."""

    tasks: dict[str, Task]
    task_counts: dict[str, int]
    closed_tasks: list[str]
    signatures_required: bool
    decision_keys: dict[str, str]


class Tasks:
    """The tasks of one workflow."""

    def __init__(
        self,
        *,
        workflow_id: str,
        state: HasTasks,
        clock: Clock,
        recorder: Recorder,
        notifier: Notifier,
        rules: Mapping[str, ApprovalRule],
        on_closed: Callable[[Task], None] = lambda _task: None,
    ) -> None:
        self._workflow_id = workflow_id
        self._state = state
        self._clock = clock
        self._recorder = recorder
        self._notifier = notifier
        self.rules = rules
        self._on_closed = on_closed
        self.changes = 0

    # -- asking -----------------------------------------------------------------------------

    def open(
        self,
        kind: ApprovalKind | EntryKind,
        key: str,
        title: str,
        *,
        requested_by: Actor = SYSTEM,
        due_at: datetime | None = None,
        opens_at: datetime | None = None,
        options: tuple[str, ...] = (),
        evidence: Mapping[str, str] | None = None,
        session_id: str | None = None,
        slots: tuple[Role, ...] | None = None,
        remind_at: tuple[datetime, ...] = (),
        quiet: bool = False,
    ) -> Task:
        """Ask; a task already asked for under this key is the one returned. `quiet`: whoever it
        is owed to is at hand and is written to only when it is overdue."""
        if key in self._state.tasks:
            return self._state.tasks[key]
        rule = rule_for(kind, self.rules)
        task = open_task(
            task_id=self._next_id(kind),
            kind=kind,
            key=key,
            title=title,
            rule=rule if slots is None else rule.model_copy(update={"slots": slots}),
            requested_by=requested_by,
            now=self._clock.now(),
            due_at=due_at,
            opens_at=opens_at,
            options=options,
            evidence=evidence,
            session_id=session_id,
            remind_at=remind_at,
        )
        self._put(task)
        self._recorder.note(
            EventKind.TASK_OPENED,
            task.model_dump(mode="json"),
            actor=requested_by,
            routine=quiet or None,
        )
        if not quiet and (opens_at is None or opens_at <= self._clock.now()):
            self._tell(task, "task_opened", 0)
        return task

    def find(self, key: str) -> Task | None:
        """The task asked for under this key, pending or decided and not yet taken."""
        return self._state.tasks.get(key)

    def stir(self) -> None:
        """Something else on the one timer has changed: look again."""
        self.changes += 1

    def take(self, key: str) -> Task:
        """The decided task of this key; it leaves the list."""
        self.changes += 1
        return self._state.tasks.pop(key)

    # -- answering --------------------------------------------------------------------------

    def judge(self, command: DecideApproval) -> tuple[Reason, ...]:
        """Why this decision is refused; empty when it is taken."""
        task = self._by_id(command.approval_id)
        if task is None:
            known = command.approval_id in self._state.closed_tasks
            code = "already_decided" if known else "unknown_approval"
            text = "this was decided before" if known else "no such approval waits on anybody here"
            return (Reason(code=code, text=text),)
        if not task.is_approval:
            text = f"this is answered by {task.kind.value}, not by a decision"
            return (Reason(code="not_an_approval", text=text),)
        if self._state.signatures_required:
            keys, now = self._state.decision_keys, self._clock.real_now()
            unsigned = judge_signature(task, command, keys, now)
            if unsigned:
                return unsigned
        return judge_vote(task, command, rule_for(task.kind, self.rules))

    def decide(self, command: DecideApproval) -> None:
        """Take a decision that `judge` lets pass."""
        task = self._by_id(command.approval_id)
        assert task is not None, "judged before it is decided"
        voted = cast(task, command, self._clock.now())
        self._put(voted)
        self._recorder.note(
            EventKind.TASK_VOTED,
            {
                "task_id": voted.task_id,
                "kind": voted.kind.value,
                "version": voted.version,
                "evidence_sha256": evidence_sha256(task),
                "vote": voted.votes[-1].model_dump(mode="json"),
            },
            by=command,
        )
        if not voted.pending:
            self._closed(voted, by=command)
        else:
            self._tell(voted, "task_opened", len(voted.votes))

    def judge_reminder(self, command: RemindTask) -> tuple[Reason, ...]:
        """Why nobody can be reminded of this. What was decided meanwhile is no error: nobody is
        written to then."""
        known = command.approval_id in self._state.closed_tasks
        if known or self._by_id(command.approval_id) is not None:
            return ()
        return (Reason(code="unknown_approval", text="no such task waits on anybody here"),)

    def remind(self, command: RemindTask) -> None:
        """Write to whoever owes the task because a colleague asks; its own reminders, its deadline
        and its escalation go on as they were."""
        task = self._by_id(command.approval_id)
        if task is None or not task.pending:
            return
        self._recorder.note(EventKind.TASK_REMINDED, _moved(task), by=command)
        self._tell(
            task, "task_reminder", digest_of(command.command_id), reminded_by=command.actor.role
        )

    def enter(self, key: str, command: Command) -> None:
        """The entry that was asked for under this key has been made."""
        self._end(key, TaskStatus.DONE, by=command)

    def cancel(self, key: str) -> None:
        """No longer needed."""
        self._end(key, TaskStatus.CANCELLED)
        self._state.tasks.pop(key, None)

    def cancel_all(self, keep: Callable[[Task], bool]) -> None:
        """Cancel every pending task that is not to be kept."""
        for key, task in list(self._state.tasks.items()):
            if not keep(task):
                self.cancel(key)

    # -- watching ---------------------------------------------------------------------------

    def next_at(self) -> datetime | None:
        """When the next task wants attention."""
        return earliest(task.next_at for task in self._state.tasks.values() if task.pending)

    def tend(self) -> None:
        """Remind, escalate or expire everything whose time has come."""
        now = self._clock.now()
        for task in list(self._state.tasks.values()):
            step = due_step(task, rule_for(task.kind, self.rules), now)
            if step is not None:
                self._act(*step)

    def pending(self) -> list[Task]:
        """All that waits on people, the soonest due first."""
        waiting = [task for task in self._state.tasks.values() if task.pending]
        return sorted(waiting, key=lambda task: (task.due_at, task.task_id))

    def escalate(self, key: str) -> None:
        """Tell the next role of this task now, whatever its own deadline; it may then decide."""
        task = self._state.tasks[key]
        step = escalate_now(task, rule_for(task.kind, self.rules), self._clock.now())
        if step is not None:
            self._act(*step)

    def changed(self) -> None:
        """Something else that the one timer watches has moved."""
        self.changes += 1

    @property
    def care_pending(self) -> bool:
        """Whether somebody still owes the patient a safety contact, an answer to what was given
        on a day whose outcome was lost, did not add up or was not read, an assessment of an
        abnormal result, or others a report or form about a dose, or whoever asked to delete an
        answer."""
        owed = SAFETY_KINDS | {
            ApprovalKind.SESSION_LOST,
            ApprovalKind.SAFETY_REPORT,
            ApprovalKind.MONITORING_FORM,
            ApprovalKind.TRANSFER_HANDOVER,
            ApprovalKind.DELETION_REQUEST,
            ApprovalKind.RESULT_REVIEW,
            ApprovalKind.SUBSTANCE_VARIANCE,
            ApprovalKind.GAP_REVIEW,
        }
        return any(task.kind in owed for task in self.pending())

    # -- inside -----------------------------------------------------------------------------

    def _next_id(self, kind: ApprovalKind | EntryKind) -> str:
        """Counted by kind: which of two kinds is asked for first may differ when a history is
        read again, and an id that somebody was shown must still be the same."""
        number = self._state.task_counts.get(kind.value, 0) + 1
        self._state.task_counts[kind.value] = number
        return f"{self._workflow_id}~{kind.value}~{number}"

    def _act(self, step: Step, task: Task) -> None:
        self._put(task)
        moved = _moved(task)
        if step is Step.REMIND:
            unheard = task.kind is EntryKind.SUPPLY_MISSING
            routine = False if unheard else None  # opened quietly: lists must show it now
            self._recorder.note(EventKind.TASK_REMINDED, moved, routine=routine)
            opening = task.opens_at is not None and task.reminded == 1
            self._tell(task, "task_opened" if opening else "task_reminder", task.reminded)
        elif step is Step.ESCALATE:
            self._recorder.note(EventKind.TASK_ESCALATED, moved)
            self._tell(task, "task_escalated", task.escalated)
        else:
            self._closed(task)

    def _end(self, key: str, status: TaskStatus, by: Command | None = None) -> None:
        task = self._state.tasks.get(key)
        if task is None or not task.pending:
            return
        ended = settle(task, status)
        self._put(ended)
        self._closed(ended, by=by)

    def _closed(self, task: Task, by: Command | None = None) -> None:
        self._recorder.note(
            EventKind.TASK_CLOSED,
            {
                "task_id": task.task_id,
                "kind": task.kind.value,
                "status": task.status.value,
                "version": task.version,
            },
            by=by,
            routine=task.kind is EntryKind.SUPPLY_MISSING or None,
        )
        self._state.closed_tasks.append(task.task_id)
        del self._state.closed_tasks[:-CLOSED_REMEMBERED]
        self._on_closed(task)

    def _put(self, task: Task) -> None:
        self._state.tasks[task.key] = task
        self.changes += 1

    def _by_id(self, task_id: str) -> Task | None:
        return next((t for t in self._state.tasks.values() if t.task_id == task_id), None)

    def _tell(
        self, task: Task, template: str, which: int | str, *, reminded_by: Role | None = None
    ) -> None:
        """`which` of its kind this message about the task is: the same again is no second one."""
        asked = {"reminded_by": reminded_by.value} if reminded_by else {}
        self._notifier.tell(
            Notification(
                occurrence=f"{task.task_id}:{template}:{which}",
                template=template,
                kind=NotificationClass.SAFETY
                if task.kind in SAFETY_KINDS
                else NotificationClass.ACTION,
                to_role=task.owed_to,
                facts={
                    "task_id": task.task_id,
                    "task_kind": task.kind.value,
                    "due_at": task.due_at.isoformat(),
                    "owed_to": task.owed_to.value,
                    "escalated": str(task.escalated),
                    **asked,
                },
            )
        )


def _moved(task: Task) -> dict[str, JsonValue]:
    """What the record keeps of a reminder or an escalation."""
    return {
        "task_id": task.task_id,
        "kind": task.kind.value,
        "next_at": task.next_at.isoformat(),
        "owed_to": task.owed_to.value,
        "escalated": task.escalated,
    }


def shown(task: Task) -> PendingApproval:
    """A task as the `state` query shows it."""
    return PendingApproval(
        approval_id=task.task_id,
        kind=task.kind.value,
        title=task.title,
        roles=task.slots,
        still_needed=open_slots(task),
        owed_to=task.owed_to,
        requested_at=task.requested_at,
        opens_at=task.opens_at,
        due_at=task.due_at,
        version=task.version,
        options=task.options,
        requested_by=task.requested_by,
        reminded=task.reminded,
        escalated=task.escalated,
        evidence_sha256=evidence_sha256(task) if task.is_approval else "",
    )
