"""Work is divided: claimed, released, handed on, put off, raised; one at a time or many.

Whoever loses a race is told who has the task, since when and what changed. Decisions are made
elsewhere, one by one, by whom the approval's own rule names.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

import asyncpg
import structlog

from clinical.task_handling import (
    DIVIDES_WORK,
    Asked,
    Person,
    changes_nothing,
    handled,
    judge_handling,
)
from records.errors import RecordUnavailable
from records.worklist import Act, Held, WorklistStore, act_of
from schemas.approval import RemindTask, TaskStatus
from schemas.base import Actor, Command, Reason, Role
from schemas.worklist import (
    ActLine,
    AssignTask,
    Away,
    BulkAct,
    BulkOutcome,
    HandleMany,
    HandleTask,
    Handling,
    RemindColleague,
    SaveFilter,
    SnoozeTask,
)
from service.commands import wall_clock
from service.errors import FrontDeskError, Malformed, Refused, UnknownWorkflow
from service.intake import workflow_of_task
from service.lookups import read
from service.worklist_rows import Absence, Asker, HandlingRefused, ItemResult, SavedFilter

LOST: Final = frozenset({"changed_since", "claimed"})
"""Codes that say that somebody else was there: what they did is shown with the refusal."""

log = structlog.get_logger(__name__)


class LeavesWord(Protocol):
    """`service.commands.Commands`, the part of it that takes what nobody waits for."""

    async def leave(self, workflow_id: str, kind: str, command: Command) -> None: ...


class TaskHandling:
    """What people do with tasks beside deciding them. Every call may raise `RecordUnavailable`,
    a reminder also `Unavailable`; the same command again is safe. Without `desk` a reminder is
    shown, and nobody is written to."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        now: Callable[[], datetime] = wall_clock,
        desk: LeavesWord | None = None,
    ) -> None:
        self._pool = pool
        self._desk = desk
        self._store = WorklistStore(pool)
        self._now = now

    async def act(self, said: HandleTask, asker: Asker, *, preview: bool = False) -> Handling:
        """The handling after an act. Raises `HandlingRefused` with what changed meanwhile, and
        `UnknownWorkflow` where there is no such task."""
        handling, _ = await self._act(said, asker, preview=preview)
        return handling

    async def act_on_many(
        self, said: HandleMany, speaker: Actor, command_id: str, asker: Asker
    ) -> tuple[ItemResult, ...]:
        """What became of each item; one that fails keeps none of the others back. Raises
        `Malformed` when the act lacks what it needs."""
        _insist_on_whole(said)
        return tuple(
            [
                await self._one_of_many(said, task_id, speaker, command_id, asker)
                for task_id in dict.fromkeys(said.task_ids)
            ]
        )

    async def absences(self, person: str) -> tuple[Absence, ...]:
        """Absences that are not over, their own and those in which they stand in."""
        rows = await self._store.absences(person, self._now())
        return tuple(Absence.model_validate(dict(row)) for row in rows)

    async def go_away(self, said: Away, asker: Asker) -> Absence:
        """Somebody is away: their own absence, or a colleague's told by whoever divides the work,
        which stands at the teller's clinics alone. It shows the delegate their tasks and gives
        nobody a role. Raises `Refused`."""
        reasons = _judge_absence(said, asker, self._now())
        if reasons:
            raise Refused(*reasons)
        clinics = None if said.person == asker.person else asker.clinics
        row = await self._store.add_absence(said, asker.person, clinics)
        return Absence.model_validate(dict(row))

    async def come_back(self, absence_id: int, asker: Asker) -> None:
        """Take an absence back. Raises `UnknownWorkflow` where it is not theirs."""
        if not await self._store.end_absence(absence_id, asker.person):
            raise UnknownWorkflow

    async def filters(self, asker: Asker) -> tuple[SavedFilter, ...]:
        """Their own filters, then those shared with their clinics."""
        rows = await self._store.filters(asker.person, asker.clinics)
        return tuple(SavedFilter.model_validate(dict(row)) for row in rows)

    async def save_filter(self, said: SaveFilter, asker: Asker) -> SavedFilter:
        """Keep a filter. Raises `Refused` where it is shared with a clinic that is not theirs."""
        clinic = said.shared_with
        if clinic is not None and asker.clinics is not None and clinic not in asker.clinics:
            raise Refused(Reason(code="unknown_clinic", text="there is no clinic of that code"))
        row = await self._store.save_filter(asker.person, said)
        return SavedFilter.model_validate(dict(row))

    async def forget_filter(self, filter_id: int, asker: Asker) -> None:
        """Forget a filter. Raises `UnknownWorkflow` where it is not theirs."""
        if not await self._store.forget_filter(filter_id, asker.person):
            raise UnknownWorkflow

    async def _act(self, said: HandleTask, asker: Asker, *, preview: bool) -> tuple[Handling, bool]:
        now = self._now()
        absent = await self._store.stands_in_for(asker.person, now)

        def judge(held: Held) -> Act:
            stands_for = frozenset(one.person for one in absent if one.at(held.clinic))
            person = Person(asker.person, asker.roles, stands_for)
            reasons = judge_handling(_asked(held), held.handling, said, person, now)
            if reasons:
                raise HandlingRefused(reasons, held.handling, ())
            if changes_nothing(held.handling, said, person, now):
                return Act(None)
            act, after = handled(held.handling, said, person, now)
            if preview:
                raise _OnlyLooked(after)
            return Act(after, _line(said, act, after))

        try:
            done = await self._store.act(
                said.approval_id, asker.person, said.command_id, judge, asker.clinics
            )
        except _OnlyLooked as looked:
            return looked.after, True
        except HandlingRefused as refused:
            raise await self._with_what_changed(refused, said, asker) from None
        if done is None:
            raise UnknownWorkflow
        if isinstance(said, RemindColleague):
            await self._write_to_owner(said, done[0])
        return done

    async def _write_to_owner(self, said: RemindColleague, now_stands: Handling) -> None:
        """Let the workflow write to whoever owes the task. Said again whenever the same reminder
        is, so that one whose word was lost on the way is made good by the next press: the word's
        key is the reminder's own, and the workflow takes it once."""
        workflow_id = workflow_of_task(said.approval_id)
        if self._desk is None or workflow_id is None or now_stands.reminded_at is None:
            return
        which = f"{said.approval_id}|{now_stands.reminded_at.isoformat()}"
        key = f"remind-{hashlib.sha256(which.encode()).hexdigest()[:32]}"
        word = RemindTask(command_id=key, actor=said.actor, approval_id=said.approval_id)
        await self._desk.leave(workflow_id, "remind_task", word)

    async def _with_what_changed(
        self, refused: HandlingRefused, said: HandleTask, asker: Asker
    ) -> HandlingRefused:
        if not LOST & {reason.code for reason in refused.reasons}:
            return refused
        rows = await read(self._pool, "acts_of_task", asker.clinics, said.approval_id)
        known = said.expected_version or 0
        since = tuple(line for line in map(act_of, rows) if line.version > known)
        reasons = (*refused.reasons, *(Reason(code="since_then", text=_told(x)) for x in since))
        return HandlingRefused(reasons, refused.handling, since)

    async def _one_of_many(
        self, said: HandleMany, task_id: str, speaker: Actor, command_id: str, asker: Asker
    ) -> ItemResult:
        try:
            one = _command_of(said, task_id, speaker, command_id)
            _, changed = await self._act(one, asker, preview=said.preview)
        except UnknownWorkflow:
            unknown = Reason(
                code="unknown", text="there is no such task, or it is not yours to see"
            )
            return ItemResult(task_id=task_id, outcome=BulkOutcome.REFUSED, reasons=(unknown,))
        except Refused as refused:
            return ItemResult(task_id=task_id, outcome=BulkOutcome.REFUSED, reasons=refused.reasons)
        except RecordUnavailable:
            away = Reason(code="record_unavailable", text="the record could not be reached")
            return ItemResult(task_id=task_id, outcome=BulkOutcome.FAILED, reasons=(away,))
        except FrontDeskError:
            untold = Reason(code="not_written", text="the engine could not be reached: send again")
            return ItemResult(task_id=task_id, outcome=BulkOutcome.FAILED, reasons=(untold,))
        outcome = BulkOutcome.APPLIED if changed else BulkOutcome.NO_OP
        return ItemResult(task_id=task_id, outcome=outcome)


class _OnlyLooked(Exception):  # noqa: N818 - takes everything back at the end of a preview
    def __init__(self, after: Handling) -> None:
        self.after = after
        super().__init__("a preview changes nothing")


def _asked(held: Held) -> Asked:
    pending = held.status == TaskStatus.PENDING
    roles = frozenset(Role(role) for role in held.roles)
    return Asked(held.kind, pending, held.status, roles, held.due_at)


def _line(said: HandleTask, act: object, after: Handling) -> ActLine:
    return ActLine.model_validate(
        {
            "task_id": after.task_id,
            "version": after.version,
            "act": act,
            "actor": said.actor,
            "at": after.changed_at,
            "person": getattr(said, "person", None),
            "until": getattr(said, "until", None),
            "priority": getattr(said, "priority", None),
            "reason": getattr(said, "reason", ""),
        }
    )


def _told(line: ActLine) -> str:
    to = f" to {line.person}" if line.person else ""
    why = f": {line.reason}" if line.reason else ""
    what = line.act.value.replace("_", " ")
    return f"{what}{to} by {line.actor.id} at {line.at.isoformat(timespec='seconds')}{why}"


def _insist_on_whole(said: HandleMany) -> None:
    wanted = {BulkAct.ASSIGN: ("person",), BulkAct.SNOOZE: ("until", "reason"), BulkAct.REMIND: ()}
    missing = [name for name in wanted[said.act] if not getattr(said, name)]
    if missing:
        text = f"{said.act.value} needs {' and '.join(missing)}"
        raise Malformed(*(Reason(code="missing", text=text, fact=name) for name in missing))


def _command_of(said: HandleMany, task_id: str, speaker: Actor, command_id: str) -> HandleTask:
    base = {"command_id": command_id, "actor": speaker, "approval_id": task_id}
    match said.act:
        case BulkAct.ASSIGN:
            return AssignTask.model_validate({**base, "person": said.person, "reason": said.reason})
        case BulkAct.SNOOZE:
            return SnoozeTask.model_validate({**base, "until": said.until, "reason": said.reason})
        case BulkAct.REMIND:
            return RemindColleague.model_validate(base)


def _judge_absence(said: Away, asker: Asker, now: datetime) -> tuple[Reason, ...]:
    reasons = []
    if said.person != asker.person and not asker.roles & DIVIDES_WORK:
        wanted = ", ".join(sorted(role.value for role in DIVIDES_WORK))
        reasons.append(Reason(code="not_yours", text=f"a colleague's absence is told by: {wanted}"))
    if said.person == said.delegate:
        reasons.append(Reason(code="same_person", text="somebody else stands in"))
    if said.until_at <= max(said.from_at, now):
        reasons.append(
            Reason(code="in_the_past", text="an absence ends after it begins, and later")
        )
    return tuple(reasons)
