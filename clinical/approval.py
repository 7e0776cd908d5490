"""Who may decide what waits on a person, when two people are needed, and what happens when
nobody answers: remind, then the next role, then a modelled expiry. Never an approval by itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.approval import (
    ApprovalKind,
    Choice,
    DecideApproval,
    EntryKind,
    Task,
    TaskStatus,
    Vote,
)
from schemas.base import Actor, Reason, Role
from schemas.protocol import ApprovalRule, ExpiryOutcome

FALLBACK_RULE = ApprovalRule(
    slots=(Role.CARE_COORDINATOR,),
    due=timedelta(hours=24),
    remind_every=timedelta(hours=8),
    escalation=(Role.MEDICAL_DIRECTOR,),
)
"""For a kind that a protocol of an earlier release does not name yet: it still reaches a person."""


class Step(StrEnum):
    """What the engine does when a task's time has come."""

    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"


def rule_for(kind: ApprovalKind | EntryKind, rules: Mapping[str, ApprovalRule]) -> ApprovalRule:
    """The protocol's rule for one kind of task."""
    return rules.get(kind.value, FALLBACK_RULE)


def open_task(
    *,
    task_id: str,
    kind: ApprovalKind | EntryKind,
    key: str,
    title: str,
    rule: ApprovalRule,
    requested_by: Actor,
    now: datetime,
    due_at: datetime | None = None,
    opens_at: datetime | None = None,
    options: tuple[str, ...] = (),
    evidence: Mapping[str, str] | None = None,
    session_id: str | None = None,
    remind_at: tuple[datetime, ...] = (),
) -> Task:
    """A new task, owed to the first role of its rule. `due_at` overrides the rule's own deadline;
    a task that opens later counts its time from then, and tells its role first then."""
    begins = max(now, opens_at) if opens_at else now
    due = due_at or begins + rule.due
    return Task(
        task_id=task_id,
        kind=kind,
        key=key,
        title=title,
        slots=rule.slots,
        requested_by=requested_by,
        requested_at=now,
        due_at=due,
        next_at=begins if begins > now else _reminder(remind_at, due, rule, now),
        owed_to=rule.slots[0],
        options=options,
        evidence=dict(evidence or {}),
        on_expiry=rule.on_expiry,
        opens_at=opens_at,
        session_id=session_id,
        remind_at=remind_at,
    )


def open_slots(task: Task) -> tuple[Role, ...]:
    """The roles whose approval is still needed, in order."""
    needed = list(task.slots)
    for vote in task.votes:
        if vote.decision is Choice.APPROVE:
            _fill(needed, vote.actor.role, task)
    return tuple(needed)


def judge_vote(
    task: Task, command: DecideApproval, rule: ApprovalRule = FALLBACK_RULE
) -> tuple[Reason, ...]:
    """Why this decision cannot be taken; empty when it can.

    Two-person approvals need two distinct people; nobody decides what they asked for themselves:
    whatever a protocol says. `rule`: the kind's, for the codes that a decline may name.
    """
    if not task.pending:
        return (_reason("already_decided", f"this approval is already {task.status.value}"),)
    reasons = []
    if command.expected_version is not None and command.expected_version != task.version:
        reasons.append(
            _reason("stale", f"it changed since version {command.expected_version} was shown")
        )
    if command.actor.id == task.requested_by.id:
        reasons.append(_reason("own_request", "nobody decides on their own request"))
    if any(vote.actor.id == command.actor.id for vote in task.votes):
        reasons.append(_reason("same_person", "a second, different person must decide"))
    if not _may_fill(task, command.actor.role):
        wanted = ", ".join(role.value for role in open_slots(task))
        reasons.append(_reason("wrong_role", f"this waits on: {wanted}"))
    reasons += _judge_choice(task, command)
    reasons += _judge_reason_code(command, rule)
    return tuple(reasons)


def cast(task: Task, command: DecideApproval, now: datetime) -> Task:
    """The task after a vote: declined at once by one decline, approved when no slot is open."""
    vote = Vote(
        actor=command.actor,
        decision=command.decision,
        reason=command.reason,
        at=now,
        choice=command.choice,
        signature=command.signature,
        reason_code=command.reason_code,
    )
    voted = task.model_copy(update={"votes": (*task.votes, vote), "version": task.version + 1})
    if command.decision is Choice.DECLINE:
        return voted.model_copy(update={"status": TaskStatus.DECLINED})
    still = open_slots(voted)
    if not still:
        return voted.model_copy(update={"status": TaskStatus.APPROVED})
    return voted.model_copy(update={"owed_to": still[0]})


def settle(task: Task, status: TaskStatus) -> Task:
    """The task ended by something other than a vote: an entry made, a cancellation."""
    return task.model_copy(update={"status": status, "version": task.version + 1})


def when_due(task: Task, rule: ApprovalRule, now: datetime) -> tuple[Step, Task] | None:
    """What is due on a pending task at `now`, and the task afterwards; None while nothing is.

    Reminders that a long silence skipped are not sent one by one: one is enough.
    """
    if not task.pending or now < task.next_at:
        return None
    if now < task.due_at:
        upcoming = _reminder(task.remind_at, task.due_at, rule, now)
        return Step.REMIND, _moved(task, upcoming, reminded=task.reminded + 1)
    escalation = escalate_now(task, rule, now)
    if escalation is not None:
        return escalation
    if task.on_expiry is ExpiryOutcome.STAY:
        return Step.REMIND, _moved(task, now + rule.escalate_every, reminded=task.reminded + 1)
    return Step.EXPIRE, settle(task, TaskStatus.EXPIRED)


def escalate_now(task: Task, rule: ApprovalRule, now: datetime) -> tuple[Step, Task] | None:
    """The next role told before the deadline, because a rule says so; None after the last."""
    if not task.pending or task.escalated >= len(rule.escalation):
        return None
    role = rule.escalation[task.escalated]
    return Step.ESCALATE, _moved(
        task,
        now + rule.escalate_every,
        escalated=task.escalated + 1,
        owed_to=role,
        stand_ins=(*task.stand_ins, role),
    )


def _reminder(
    remind_at: tuple[datetime, ...], due_at: datetime, rule: ApprovalRule, now: datetime
) -> datetime:
    """The next reminder: at the moments named, else by the rule's interval."""
    ahead = [at for at in remind_at if at > now] if remind_at else [now + rule.remind_every]
    return min((due_at, *ahead))


def _moved(task: Task, next_at: datetime, **changes: object) -> Task:
    return task.model_copy(update={"next_at": next_at, "version": task.version, **changes})


def _judge_choice(task: Task, command: DecideApproval) -> list[Reason]:
    if command.decision is Choice.DECLINE:
        return []
    if task.options and command.choice is None:
        return [_reason("choice_missing", "choose one of: " + ", ".join(task.options))]
    if command.choice is not None and command.choice not in task.options:
        offered = ", ".join(task.options) or "nothing to choose from"
        return [_reason("choice_unknown", f"offered: {offered}")]
    chosen = {vote.choice for vote in task.votes if vote.choice is not None}
    if chosen and command.choice not in chosen:
        return [_reason("choice_differs", "the other person chose differently; decline instead")]
    return []


def _judge_reason_code(command: DecideApproval, rule: ApprovalRule) -> list[Reason]:
    code, offered = command.reason_code, ", ".join(rule.decline_reasons) or "none"
    if command.decision is Choice.APPROVE:
        if code is None:
            return []
        return [_reason("reason_code_unexpected", "only a decline names a reason code")]
    if code is None and rule.decline_needs_reason:
        return [_reason("reason_code_missing", f"name why it is declined: {offered}")]
    if code is not None and code not in rule.decline_reasons:
        return [_reason("reason_code_unknown", f"codes offered: {offered}")]
    return []


def _may_fill(task: Task, role: Role) -> bool:
    needed = list(open_slots(task))
    return _fill(needed, role, task)


def _fill(needed: list[Role], role: Role, task: Task) -> bool:
    """Take the slot this role fills out of `needed`. A role that the task escalated to may stand
    in for whoever did not answer."""
    if role in needed:
        needed.remove(role)
        return True
    if needed and role in task.stand_ins:
        needed.pop(0)
        return True
    return False


def _reason(code: str, text: str) -> Reason:
    return Reason(code=code, text=text)
