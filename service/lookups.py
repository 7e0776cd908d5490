"""Everything that may be asked of the record: worklists, journeys, timelines, tasks, the feed.

Every lookup takes `clinics`, the clinics that the asker may see (None: all of them), and shows
nothing of any other. What is not there and what may not be seen look the same: None, or empty.
"""

import base64
import binascii
from datetime import datetime
from typing import TypeVar

import asyncpg
import orjson
import stamina

from records.errors import RecordUnavailable
from records.pool import connection
from records.queries import sql
from schemas.event import EventKind
from schemas.transfer import TransferHistory
from service.manifestation import PublicKeys, show_event, show_task
from service.programme_rows import (
    EVENT_FACTS,
    FORM_FACTS,
    AdverseEventRow,
    MonitoringFormRow,
    monitoring_forms_of,
    open_events_of,
)
from service.rows import (
    CommandRow,
    Counts,
    EventRow,
    JourneyRow,
    NotificationRow,
    Page,
    Row,
    ScoreRow,
    SessionRow,
    StayRow,
    TaskRow,
)

R = TypeVar("R", bound=Row)
Clinics = frozenset[str] | None

PAGE = 50
LARGEST_PAGE = 500
FEED_BEGINNING = "0-0"
NEVER = "infinity"


class BadCursorError(ValueError):
    """The cursor is not one that a page gave out."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Lookups:
    """The record as the front desk reads it. Every call may raise `RecordUnavailable`, after
    trying for a few seconds."""

    def __init__(self, pool: asyncpg.Pool, decision_keys: PublicKeys | None = None) -> None:
        self._pool = pool
        self._decision_keys = decision_keys

    async def journeys(
        self,
        *,
        clinics: Clinics,
        phase: str | None = None,
        clinic: str | None = None,
        awaiting_role: str | None = None,
        attention: bool | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[JourneyRow]:
        """Journeys by when they act next, those that never do last. Raises `BadCursorError`."""
        size = _size(limit)
        place = place_of(cursor)
        filters = (phase, clinic, awaiting_role, attention)
        rows = await self._read("list_journeys", clinics, *filters, *place, size + 1)
        found = _all(JourneyRow, rows[:size])
        more = len(rows) > size
        return Page(
            items=found,
            next_cursor=cursor_of(found[-1].next_action_at, found[-1].journey_id) if more else None,
        )

    async def journey(self, journey_id: str, *, clinics: Clinics) -> JourneyRow | None:
        """One journey."""
        return _one(JourneyRow, await self._read("journey", clinics, journey_id))

    async def timeline(
        self, journey_id: str, *, clinics: Clinics, after: str | None = None, limit: int = PAGE
    ) -> Page[EventRow]:
        """The facts of a journey and its sessions in the order of the record. Raises
        `BadCursorError`."""
        size = _size(limit)
        rows = await self._read("timeline", clinics, journey_id, _number(after), size + 1)
        found = tuple(self._event(row) for row in _all(EventRow, rows[:size]))
        return Page(items=found, next_cursor=str(found[-1].id) if len(rows) > size else None)

    async def tasks(
        self,
        *,
        clinics: Clinics,
        now: datetime,
        role: str | None = None,
        clinic: str | None = None,
        overdue: bool = False,
        kind: str | None = None,
        journey: str | None = None,
        only_approvals: bool = False,
        only_pending: bool = True,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[TaskRow]:
        """What waits on a person, by deadline. `role`: what somebody of this role may act on now.
        Raises `BadCursorError`."""
        size = _size(limit)
        place = place_of(cursor)
        late = now if overdue else None
        filters = (only_pending, role, clinic, late, kind, journey, only_approvals)
        rows = await self._read("list_tasks", clinics, *filters, *place, size + 1)
        found = tuple(self._task(row) for row in _all(TaskRow, rows[:size]))
        more = len(rows) > size
        return Page(
            items=found,
            next_cursor=cursor_of(found[-1].due_at, found[-1].task_id) if more else None,
        )

    async def task(self, task_id: str, *, clinics: Clinics) -> TaskRow | None:
        """One task, whatever its status."""
        row = _one(TaskRow, await self._read("task", clinics, task_id))
        return self._task(row) if row else None

    async def session(self, session_id: str, *, clinics: Clinics) -> SessionRow | None:
        """One treatment day."""
        return _one(SessionRow, await self._read("session", clinics, session_id))

    async def sessions(self, journey_id: str, *, clinics: Clinics) -> tuple[SessionRow, ...]:
        """The treatment days of a journey, by appointment."""
        return _all(SessionRow, await self._read("list_sessions", clinics, journey_id))

    async def monitoring_forms(
        self, journey_id: str, *, clinics: Clinics
    ) -> tuple[MonitoringFormRow, ...]:
        """The safety programme's forms of a journey as they stand, oldest session first."""
        facts = await self._read("programme_facts", clinics, journey_id, list(FORM_FACTS))
        return monitoring_forms_of(_all(EventRow, facts))

    async def adverse_events(
        self, journey_id: str, *, clinics: Clinics
    ) -> tuple[AdverseEventRow, ...]:
        """The adverse events of a journey that are not signed off, oldest first."""
        facts = await self._read("programme_facts", clinics, journey_id, list(EVENT_FACTS))
        return open_events_of(_all(EventRow, facts))

    async def carried(self, journey_id: str, *, clinics: Clinics) -> TransferHistory | None:
        """What was told of treatment elsewhere when the patient came; None where nothing was."""
        told = await self.facts(journey_id, (EventKind.HISTORY_CARRIED.value,), clinics=clinics)
        return TransferHistory.model_validate(told[-1].data) if told else None

    async def facts(
        self, journey_id: str, kinds: tuple[str, ...], *, clinics: Clinics
    ) -> tuple[EventRow, ...]:
        """The facts of a journey of some kinds, oldest first."""
        return _all(EventRow, await self._read("programme_facts", clinics, journey_id, list(kinds)))

    async def stays(
        self, clinic: str, from_at: datetime, to_at: datetime, *, clinics: Clinics
    ) -> tuple[StayRow, ...]:
        """Who sits where when at a clinic, by appointment: every stay that touches this time."""
        return _all(StayRow, await self._read("clinic_day", clinics, clinic, from_at, to_at))

    async def scores(self, journey_id: str, *, clinics: Clinics) -> tuple[ScoreRow, ...]:
        """The scored assessments of a journey, by when they were taken."""
        return _all(ScoreRow, await self._read("list_scores", clinics, journey_id))

    async def notifications(
        self, journey_id: str, *, clinics: Clinics
    ) -> tuple[NotificationRow, ...]:
        """What was sent to whom, oldest first."""
        rows = await self._read("list_notifications", clinics, journey_id)
        return _all(NotificationRow, rows)

    async def command(
        self, workflow_id: str, command_id: str, *, clinics: Clinics
    ) -> CommandRow | None:
        """What a command led to; None while it has not taken effect on record."""
        return _one(CommandRow, await self._read("command", clinics, workflow_id, command_id))

    async def events_after(
        self,
        cursor: str | None,
        *,
        clinics: Clinics,
        clinic: str | None = None,
        limit: int = PAGE,
    ) -> Page[EventRow]:
        """The outgoing feed: every fact once, whoever committed late. `next_cursor` is always
        given, to ask again with. Raises `BadCursorError`."""
        transaction, last_id = _feed_place(cursor)
        rows = await self._read("feed", clinics, transaction, last_id, clinic, _size(limit))
        if rows:
            transaction, last_id = rows[-1]["transaction_id"], rows[-1]["id"]
        return Page(items=_all(EventRow, rows), next_cursor=f"{transaction}-{last_id}")

    async def counts(
        self, *, clinics: Clinics, now: datetime, include_training: bool = True
    ) -> Counts:
        """How many of everything. Reports leave training journeys out."""
        journeys = await self._read("count_journeys", clinics, include_training)
        tasks = await self._read("count_tasks", clinics, include_training, now)
        told = await self._read("count_notifications", clinics, include_training)
        return Counts(
            journeys=sum(row["journeys"] for row in journeys),
            closed=sum(row["closed"] for row in journeys),
            attention=sum(row["attention"] for row in journeys),
            by_phase={row["phase"]: row["journeys"] for row in journeys},
            pending_tasks={row["role"]: row["pending"] for row in tasks},
            overdue_tasks={row["role"]: row["overdue"] for row in tasks},
            notifications={row["status"]: row["notifications"] for row in told},
        )

    def _task(self, row: TaskRow) -> TaskRow:
        return show_task(row, self._decision_keys()) if self._decision_keys else row

    def _event(self, row: EventRow) -> EventRow:
        return show_event(row, self._decision_keys()) if self._decision_keys else row

    async def _read(self, query: str, clinics: Clinics, *values: object) -> list[asyncpg.Record]:
        return await read(self._pool, query, clinics, *values)


async def read(
    pool: asyncpg.Pool, query: str, clinics: Clinics, *values: object
) -> list[asyncpg.Record]:
    """The rows of one statement, its first value the clinics that the asker may see. Raises
    `RecordUnavailable`, after trying for a few seconds."""
    seen = None if clinics is None else sorted(clinics)
    async for attempt in stamina.retry_context(
        on=RecordUnavailable,
        attempts=6,
        timeout=5.0,
        wait_initial=0.1,
        wait_max=1.0,
        wait_jitter=0.2,
    ):
        with attempt:
            async with connection(pool) as held:
                return await held.fetch(sql(query), seen, *values)
    raise RecordUnavailable


def _all(model: type[R], rows: list[asyncpg.Record]) -> tuple[R, ...]:
    return tuple(model.model_validate(dict(row)) for row in rows)


def _one(model: type[R], rows: list[asyncpg.Record]) -> R | None:
    return model.model_validate(dict(rows[0])) if rows else None


def _size(limit: int) -> int:
    return max(1, min(limit, LARGEST_PAGE))


def cursor_of(moment: datetime | None, name: str) -> str:
    """Where the page after this row begins, also when the row itself has left by then."""
    content = orjson.dumps([NEVER if moment is None else moment.isoformat(), name])
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[str | None, str | None]:
    """The moment and the id that a cursor stands for. Raises `BadCursorError`."""
    if cursor is None:
        return None, None
    try:
        moment, name = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if moment != NEVER and datetime.fromisoformat(moment).tzinfo is None:
            raise BadCursorError
        return moment, str(name).replace("\0", "")
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursorError from error


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadCursorError
    return int(cursor)


def _feed_place(cursor: str | None) -> tuple[str, int]:
    transaction, dash, last_id = (cursor or FEED_BEGINNING).partition("-")
    if not dash:
        raise BadCursorError
    return str(_number(transaction)), _number(last_id)
