"""The worklist as people read it: what is theirs, what is due, what they wait for, with counts.

What a visitor has just decided is left out until the record shows it (`seen`: task id -> the
version it must have by then): the lists follow the engine, a moment behind.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple

import asyncpg

from clinical.clinic_hours import at_local, local_date
from clinical.task_priority import (
    KINDS,
    PATIENT_KINDS,
    PAYER_KINDS,
    RANKS,
    SAFETY_KINDS,
    priority_of,
)
from records.worklist import WorklistStore, act_of, handling_of
from schemas.approval import TaskStatus
from schemas.worklist import ActLine
from service.commands import wall_clock
from service.lookups import LARGEST_PAGE, PAGE, cursor_of, place_of, read
from service.manifestation import PublicKeys, show_task
from service.protocols import Catalogue
from service.worklist_rows import (
    Asker,
    Due,
    Filters,
    Preset,
    TaskStep,
    WorklistCounts,
    WorklistPage,
    WorklistRow,
)

Seen = Mapping[str, int]
NOBODY: Final = "-"
NO_DEADLINE: Final = 9_999
"""The year that stands for never."""
SHOWN_WITHIN_S: Final = 2.0
LOOK_AGAIN_S: Final = 0.1
NEVER_SNOOZED: Final = frozenset({Preset.NOW, Preset.OVERDUE})
"""Danger and broken deadlines are put off by nobody."""


class Days(NamedTuple):
    """Every clinic's own day at this moment: its code, beginning and end."""

    clinics: list[str]
    begin: list[datetime]
    end: list[datetime]


class People(NamedTuple):
    """Whose tasks are meant; None for anybody's. Of the `limited` only those at the clinic beside
    each in `limited_to`."""

    all: list[str] | None
    limited: list[str] | None = None
    limited_to: list[str] | None = None


EVERYBODY: Final = People(None)


class Worklist:
    """Reads the worklist. Every call may raise `RecordUnavailable`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        catalogue: Catalogue,
        public_keys: PublicKeys = dict,
        *,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._pool = pool
        self._store = WorklistStore(pool)
        self._catalogue = catalogue
        self._keys = public_keys
        self._now = now

    async def page(
        self,
        asker: Asker,
        filters: Filters,
        *,
        seen: Seen | None = None,
        only: tuple[str, ...] | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> WorklistPage:
        """The tasks of a filter by deadline (what is done: the last first). `only`: these alone.
        A cursor goes on behind its row, also when that row has left. Raises `BadCursorError`."""
        size = max(1, min(limit, LARGEST_PAGE))
        place = place_of(cursor)
        if filters.preset is Preset.DONE_TODAY:
            rows = await self._done(asker, filters, place, size + 1)
        else:
            left_out = (*_left_out(seen or {}), None if only is None else list(only))
            rows = await self._open(asker, filters, (size + 1, *place), left_out)
        found = tuple(self._row(row) for row in rows[:size])
        if len(rows) <= size:
            return WorklistPage(items=found)
        last = found[-1]
        moment = last.closed_at if last.due is Due.ENDED else last.due_at
        if last.due is Due.NO_DEADLINE:
            moment = None
        return WorklistPage(items=found, next_cursor=cursor_of(moment, last.task_id))

    async def counts(self, asker: Asker, *, seen: Seen | None = None) -> WorklistCounts:
        """How many of every preset, in one round trip."""
        now = self._now()
        people = await self._people(asker, now)
        rows = await read(
            self._pool, "worklist_counts", asker.clinics, now, *self._days(now),
            list(SAFETY_KINDS), people.all, _vote(asker), _roles(asker), list(PATIENT_KINDS),
            list(PAYER_KINDS), *_left_out(seen or {}), people.limited, people.limited_to,
        )  # fmt: skip
        return WorklistCounts.model_validate(dict(rows[0]))

    async def task(self, task_id: str, asker: Asker) -> WorklistRow | None:
        """One task with its handling, whatever its status."""
        rows = await read(self._pool, "worklist_task", asker.clinics, task_id)
        return show_task(self._row(rows[0]), self._keys()) if rows else None

    def decline_reasons(self, row: WorklistRow) -> tuple[str, ...]:
        """The codes that a decline of this task may name, by the clinic's protocol."""
        rules = self._catalogue.protocol_of(row.clinic).approvals
        return rules[row.kind].decline_reasons if row.kind in rules else ()

    async def size(self, asker: Asker, filters: Filters, *, seen: Seen | None = None) -> str:
        """How many there are behind these filters, in figures; `200+` where that would be long to
        count."""
        page = await self.page(asker, filters, seen=seen, limit=LARGEST_PAGE)
        return f"{len(page.items)}{'+' if page.next_cursor else ''}"

    async def history(self, task_id: str, asker: Asker) -> tuple[ActLine | TaskStep, ...]:
        """What people did with a task beside deciding it, and what the engine did, oldest first."""
        acts, steps = await asyncio.gather(
            read(self._pool, "acts_of_task", asker.clinics, task_id),
            read(self._pool, "steps_of_task", asker.clinics, task_id),
        )
        told: list[ActLine | TaskStep] = [*map(act_of, acts), *map(_step_of, steps)]
        return tuple(sorted(told, key=lambda line: line.at))

    async def shown_after(self, task_id: str, version: int, asker: Asker) -> WorklistRow | None:
        """The task as soon as the record shows it past a version, or as it is when that takes
        longer than somebody would wait."""
        async with asyncio.timeout(SHOWN_WITHIN_S * 5):
            waited = 0.0
            row = await self.task(task_id, asker)
            while row is not None and _not_past(row, version) and waited < SHOWN_WITHIN_S:
                await asyncio.sleep(LOOK_AGAIN_S)
                waited += LOOK_AGAIN_S
                row = await self.task(task_id, asker)
            return row

    async def _open(
        self,
        asker: Asker,
        filters: Filters,
        part: tuple[object, ...],
        left_out: tuple[object, ...],
    ) -> list[asyncpg.Record]:
        now = self._now()
        preset = filters.preset
        days = self._days(now) if preset is Preset.DUE_TODAY else None
        people = await self._people(asker, now) if preset is Preset.MINE else EVERYBODY
        rank = None if filters.priority is None else RANKS[filters.priority]
        return await read(
            self._pool, "worklist_open", asker.clinics, now, *part,
            min(days.begin) if days and days.begin else None,
            _due_before(preset, now, days), *(days or (None, None, None)),
            _kinds(preset), preset is Preset.NOW, people.all, _vote(asker),
            _roles(asker) if preset is Preset.MY_ROLES else None,
            filters.snoozed or preset in NEVER_SNOOZED, filters.clinic, filters.role, filters.kind,
            filters.journey, _pattern(filters.text),
            None if filters.assignee == NOBODY else filters.assignee, filters.assignee == NOBODY,
            rank, list(KINDS), [RANKS[row.priority] for row in KINDS.values()],
            *left_out, people.limited, people.limited_to,
        )  # fmt: skip

    async def _done(
        self, asker: Asker, filters: Filters, place: tuple[str | None, str | None], size: int
    ) -> list[asyncpg.Record]:
        days = self._days(self._now())
        return await read(
            self._pool, "worklist_done", asker.clinics, size, days.clinics, days.begin,
            filters.clinic, filters.kind, _pattern(filters.text), *place, filters.journey,
        )  # fmt: skip

    async def _people(self, asker: Asker, now: datetime) -> People:
        """Themselves and whoever they stand in for."""
        absent = await self._store.stands_in_for(asker.person, now)
        everywhere = {asker.person} | {one.person for one in absent if one.clinics is None}
        pairs = sorted(
            {
                (one.person, clinic)
                for one in absent
                if one.person not in everywhere
                for clinic in one.clinics or ()
            }
        )
        limited = [person for person, _ in pairs]
        clinics = [clinic for _, clinic in pairs]
        return People(sorted({*everywhere, *limited}), limited or None, clinics or None)

    def _days(self, now: datetime) -> Days:
        codes = list(self._catalogue.clinic_codes)
        clinics = [self._catalogue.clinic(code) for code in codes]
        days = [local_date(now, clinic) for clinic in clinics]
        after = [date.fromordinal(day.toordinal() + 1) for day in days]
        begin = [at_local(d, time(0), c) for d, c in zip(days, clinics, strict=True)]
        end = [at_local(d, time(0), c) for d, c in zip(after, clinics, strict=True)]
        return Days(codes, begin, end)

    def _row(self, row: asyncpg.Record) -> WorklistRow:
        now = self._now()
        handling = handling_of(row)
        waits = row["entered_at"] or max(
            row["requested_at"], row["opens_at"] or row["requested_at"]
        )
        due_at = row["due_at"].replace(tzinfo=UTC) if never(row["due_at"]) else row["due_at"]
        content = {
            **dict(row),
            "due_at": due_at,
            "handling": handling,
            "entered_at": waits,
            "priority": priority_of(row["kind"], due_at, now, handling.raised_to),
            "due": self._due(row, now),
        }
        return WorklistRow.model_validate(content)

    def _due(self, row: asyncpg.Record, now: datetime) -> Due:
        if row["status"] != TaskStatus.PENDING:
            return Due.ENDED
        due_at: datetime = row["due_at"]
        if never(due_at):
            return Due.NO_DEADLINE
        if due_at < now:
            return Due.OVERDUE
        if row["clinic"] not in self._catalogue.clinic_codes:
            return Due.TODAY if due_at.date() == now.date() else Due.LATER
        clinic = self._catalogue.clinic(row["clinic"])
        today = local_date(due_at, clinic) == local_date(now, clinic)
        return Due.TODAY if today else Due.LATER


def never(due_at: datetime) -> bool:
    """Whether this stands for no deadline at all; the driver gives it without a zone."""
    return due_at.year >= NO_DEADLINE


def _not_past(row: WorklistRow, version: int) -> bool:
    return row.status is TaskStatus.PENDING and row.version <= version


def _due_before(preset: Preset, now: datetime, days: Days | None) -> datetime | None:
    if days is not None and days.end:
        return max(days.end)
    return now if preset is Preset.OVERDUE else None


def _kinds(preset: Preset) -> list[str] | None:
    match preset:
        case Preset.NOW:
            return list(SAFETY_KINDS)
        case Preset.WAITING_ON_PATIENT:
            return list(PATIENT_KINDS)
        case Preset.WAITING_ON_PAYER:
            return list(PAYER_KINDS)
        case _:
            return None


def _roles(asker: Asker) -> list[str]:
    return sorted(role.value for role in asker.roles)


def _vote(asker: Asker) -> list[dict[str, dict[str, str]]]:
    """What a vote of theirs looks like in the record."""
    return [{"actor": {"id": asker.person}}]


def _left_out(seen: Seen) -> tuple[list[str] | None, list[int] | None]:
    return (list(seen), list(seen.values())) if seen else (None, None)


def _pattern(text: str | None) -> str | None:
    """Part of a title, whatever signs it has."""
    if not text:
        return None
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    return f"%{plain}%"


def _step_of(row: asyncpg.Record) -> TaskStep:
    who = {"id": row["actor_id"], "role": row["actor_role"]}
    return TaskStep.model_validate({**dict(row), "actor": who})
