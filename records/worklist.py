"""What people do with tasks beside deciding them, kept act by act; one of two at once wins."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from records.pool import connection
from records.queries import sql
from schemas.worklist import ActLine, Away, Handling, Priority, SaveFilter, TaskAct

Clinics = frozenset[str] | None
RANKED = tuple(Priority)


class Act(NamedTuple):
    """One act that was judged: what it leads to, and its line of history. `handling` None: it
    changes nothing."""

    handling: Handling | None
    line: ActLine | None = None


class Held(NamedTuple):
    """A task that nobody else acts on for this moment."""

    clinic: str
    kind: str
    status: str
    due_at: datetime
    roles: frozenset[str]
    handling: Handling


class StandIn(NamedTuple):
    """Whose tasks are somebody's meanwhile, and at which clinics; None for all."""

    person: str
    clinics: Clinics

    def at(self, clinic: str) -> bool:
        """Whether this holds for the tasks of a clinic."""
        return self.clinics is None or clinic in self.clinics


Judge = Callable[[Held], Act]
"""Judges a held task. What it raises leaves everything as it was."""


class WorklistStore:
    """Handling, absences and saved filters. Every call may raise `RecordUnavailable`; then what it
    did is unknown, and the same call again is safe."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def act(
        self, task_id: str, actor_id: str, command_id: str, judge: Judge, clinics: Clinics
    ) -> tuple[Handling, bool] | None:
        """The handling after an act, and whether this call changed it; None where there is no such
        task. The same command again changes nothing."""
        seen = None if clinics is None else sorted(clinics)
        async with connection(self._pool) as held, held.transaction():
            await held.execute(sql("begin_handling"), seen, task_id)
            row = await held.fetchrow(sql("hold_handling"), seen, task_id)
            if row is None:
                return None
            task = _held(row)
            if await held.fetchval(sql("act_of_command"), task_id, actor_id, command_id):
                return task.handling, False
            done = judge(task)
            if done.handling is None or done.line is None:
                return task.handling, False
            await held.execute(sql("set_handling"), *_values(done.handling))
            await held.execute(sql("add_act"), *_line(done.line, task.clinic, command_id))
            return done.handling, True

    async def stands_in_for(self, person: str, now: datetime) -> tuple[StandIn, ...]:
        """The absent colleagues whose tasks are this person's meanwhile."""
        rows = await self._fetch("stands_in_for", person, now)
        return tuple(StandIn(row["person"], _clinics(row["clinics"])) for row in rows)

    async def absences(self, person: str, now: datetime) -> list[asyncpg.Record]:
        """Absences that are not over, of a person or in which they stand in."""
        return await self._fetch("absences_of", person, now)

    async def add_absence(self, said: Away, told_by: str, clinics: Clinics) -> asyncpg.Record:
        """Somebody is away. `clinics`: where that stands, None for everywhere."""
        stands = None if clinics is None else sorted(clinics)
        values = (said.person, said.delegate, said.from_at, said.until_at, told_by, stands)
        return (await self._fetch("add_absence", *values))[0]

    async def end_absence(self, absence_id: int, person: str) -> bool:
        """Whether there was such an absence of theirs to take back. It stays on record."""
        return bool(await self._fetch("end_absence", absence_id, person))

    async def filters(self, owner: str, clinics: Clinics) -> list[asyncpg.Record]:
        """A person's own filters, then those shared with their clinics."""
        seen = None if clinics is None else sorted(clinics)
        return await self._fetch("saved_filters", seen, owner)

    async def save_filter(self, owner: str, said: SaveFilter) -> asyncpg.Record:
        """Keep a filter under its name."""
        rows = await self._fetch("save_filter", owner, said.name, said.query, said.shared_with)
        return rows[0]

    async def forget_filter(self, filter_id: int, owner: str) -> bool:
        """Whether there was such a filter of theirs."""
        return bool(await self._fetch("forget_filter", filter_id, owner))

    async def _fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with connection(self._pool) as held:
            return await held.fetch(sql(query), *values)


def handling_of(row: asyncpg.Record) -> Handling:
    """The handling in a row of any of the worklist's statements; untouched where there is none."""
    found = dict(row)
    version = found.get("handling_version", found.get("version")) or 0
    rank = found.get("raised_rank")
    fields = {name: found.get(name) for name in Handling.model_fields if name in found}
    raised = None if rank is None else RANKED[rank]
    return Handling.model_validate({**fields, "version": version, "raised_to": raised})


def act_of(row: asyncpg.Record) -> ActLine:
    """One line of history."""
    rank = row["rank"]
    return ActLine.model_validate(
        {
            "task_id": row["task_id"],
            "version": row["version"],
            "act": TaskAct(row["act"]),
            "actor": {"id": row["actor_id"], "role": row["actor_role"]},
            "at": row["at"],
            "person": row["person"],
            "until": row["until_at"],
            "priority": None if rank is None else RANKED[rank],
            "reason": row["reason"],
        }
    )


def _clinics(stands: list[str] | None) -> Clinics:
    return None if stands is None else frozenset(stands)


def _held(row: asyncpg.Record) -> Held:
    roles = frozenset((*row["still_needed"], *row["stand_ins"]))
    return Held(
        *(row["clinic"], row["kind"], row["status"], row["due_at"], roles), handling_of(row)
    )


def _values(now: Handling) -> Sequence[object]:
    return (
        *(now.task_id, now.version, now.claimed_by, now.claimed_at, now.assigned_by),
        *(now.snoozed_until, now.snooze_reason, _rank(now.raised_to), now.raise_reason),
        *(now.reminded_at, now.changed_by, now.changed_at),
    )


def _line(line: ActLine, clinic: str, command_id: str) -> Sequence[object]:
    return (
        *(line.task_id, clinic, line.version, line.act.value, line.actor.id),
        *(line.actor.role.value, command_id, line.person, line.until, _rank(line.priority)),
        *(line.reason, line.at),
    )


def _rank(priority: Priority | None) -> int | None:
    return None if priority is None else RANKED.index(priority)
