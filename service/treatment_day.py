"""One treatment day as people at the chair see it: what is on record, what the engine says of it
now, and what is due next. Nothing here decides; every moment is the engine's own.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from pydantic import JsonValue, ValidationError

from records.errors import RecordUnavailable
from schemas.infusion import SafetyOrder, SessionPhase, SessionView
from service.intake import journey_of
from service.rows import JourneyRow, SessionRow

Clinics = frozenset[str] | None
LIVE_WITHIN_S: Final = 1.5
"""How long a page waits for the engine's word before it shows the record alone."""
RECORD_WITHIN_S: Final = 2.0
"""How long it waits for the record before it goes by the engine's word alone."""

BEFORE_DOSE: Final = frozenset({SessionPhase.PRE_CHECK, SessionPhase.READY})
UNDER_DOSE: Final = frozenset({SessionPhase.DOSING, SessionPhase.PAUSED})
AFTER_DOSE: Final = frozenset({SessionPhase.POST_OBS, SessionPhase.DISCHARGE_REVIEW})
HERE: Final = BEFORE_DOSE | UNDER_DOSE | AFTER_DOSE
"""The patient is in the clinic."""


class DueKind(StrEnum):
    """What may be due next at a chair."""

    ORDER = "order_to_acknowledge"
    ATTENDANT = "attendant_to_renew"
    READING = "next_reading"
    PEAK_READING = "peak_reading"
    INFUSION_END = "infusion_end"
    OBSERVATION_END = "observation_end"
    DISCHARGE = "discharge_review"
    ARRIVAL = "arrival"
    MISSING = "missing_before_dose"
    START = "start"


@dataclass(frozen=True)
class Due:
    """One thing that is due, `at` its moment on the clinical clock; None: as soon as may be.
    `count`: how many of it."""

    kind: DueKind
    at: datetime | None = None
    count: int = 1


class EnginePort(Protocol):
    """Whoever can ask a session what it says of itself."""

    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None: ...


class ScopePort(EnginePort, Protocol):
    """Who also knows whose a journey is, while the record is away."""

    async def clinic_of(self, journey: str) -> str | None: ...


class RowsPort(Protocol):
    """The lookups that are needed of the record."""

    async def session(self, session_id: str, *, clinics: Clinics) -> SessionRow | None: ...
    async def journey(self, journey_id: str, *, clinics: Clinics) -> JourneyRow | None: ...


@dataclass(frozen=True)
class TreatmentDay:
    """A day: its row, its journey's, and the engine's own word (`view`; None: nobody could ask).
    `now`: the clinical clock at the moment of asking. `recorded`: False while the record is away
    and the rows are only what the engine says."""

    row: SessionRow
    journey: JourneyRow
    view: SessionView | None
    now: datetime
    recorded: bool = True

    @property
    def phase(self) -> SessionPhase:
        """Where the day stands: the engine's word, else the record's."""
        return self.view.phase if self.view else SessionPhase(self.row.phase)

    @property
    def unanswered(self) -> tuple[SafetyOrder, ...]:
        """Orders of the engine that nobody has acknowledged."""
        return unanswered(self.view) if self.view else ()

    @property
    def due(self) -> tuple[Due, ...]:
        """What is due, the most pressing first."""
        return due_next(self.view, self.now) if self.view else ()


class TreatmentDays:
    """Looks at treatment days."""

    def __init__(self, rows: RowsPort, engine: ScopePort) -> None:
        self._rows = rows
        self._engine = engine

    async def of(self, session_id: str, *, now: datetime, clinics: Clinics) -> TreatmentDay | None:
        """One day; None where there is none or it may not be seen. `now`: the wall clock. A dose
        is stopped and a reading taken also while the record is away: then the engine alone says
        what it knows. Raises `RecordUnavailable` when neither answers."""
        try:
            async with asyncio.timeout(RECORD_WITHIN_S):
                row = await self._rows.session(session_id, clinics=clinics)
                journey = await self._rows.journey(row.journey_id, clinics=clinics) if row else None
        except (RecordUnavailable, TimeoutError):
            return await self._by_the_engine(session_id, now, clinics)
        if row is None or journey is None:
            return None
        view = (await live_views(self._engine, (session_id,))).get(session_id)
        return TreatmentDay(row, journey, view, clinical_now(view, now))

    async def _by_the_engine(
        self, session_id: str, now: datetime, clinics: Clinics
    ) -> TreatmentDay | None:
        journey_id = journey_of(session_id)
        if journey_id is None or journey_id == session_id:
            return None
        view = (await live_views(self._engine, (session_id,))).get(session_id)
        if view is None:
            raise RecordUnavailable
        clinic = await self._engine.clinic_of(journey_id)
        if clinic is None or (clinics is not None and clinic not in clinics):
            return None
        row, journey = _rows_of(view, clinic, now)
        return TreatmentDay(row, journey, view, clinical_now(view, now), recorded=False)


def _rows_of(view: SessionView, clinic: str, now: datetime) -> tuple[SessionRow, JourneyRow]:
    row = SessionRow(
        session_id=view.session_id,
        journey_id=view.journey_id,
        clinic=clinic,
        modality=view.modality,
        number=view.number,
        scheduled_at=view.scheduled_at,
        phase=view.phase,
    )
    journey = JourneyRow(
        journey_id=view.journey_id,
        clinic=clinic,
        phase="",
        training=view.training,
        protocol_version="",
        attention=False,
        closed=False,
        updated_at=now,
    )
    return row, journey


async def live_views(
    engine: EnginePort, sessions: Iterable[str], within_s: float = LIVE_WITHIN_S
) -> Mapping[str, SessionView]:
    """What the engine says of some sessions now; whoever does not answer in time is left out."""
    asked = {asyncio.ensure_future(engine.state(session)): session for session in sessions}
    if not asked:
        return {}
    answered, waiting = await asyncio.wait(asked, timeout=within_s)
    for late in waiting:
        late.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    told = {asked[one]: one.result() for one in answered if one.exception() is None}
    views = {session: view_of(state) for session, state in told.items() if state is not None}
    return {session: view for session, view in views.items() if view is not None}


def view_of(state: Mapping[str, JsonValue]) -> SessionView | None:
    """The typed view; what a newer release says besides is left out. None: not a session's."""
    known = {name: state[name] for name in SessionView.model_fields if name in state}
    try:
        return SessionView.model_validate(known)
    except ValidationError:
        return None


def clinical_now(view: SessionView | None, now: datetime) -> datetime:
    """The clinical clock: a training day's may stand ahead of the wall clock."""
    return now + timedelta(seconds=view.clock_offset_s) if view else now


def unanswered(view: SessionView) -> tuple[SafetyOrder, ...]:
    """Orders of the engine that nobody has acknowledged."""
    return tuple(order for order in view.orders if order.acknowledged_by is None)


def due_next(view: SessionView, now: datetime) -> tuple[Due, ...]:
    """What is due at this chair: an open order first, then by the hour, then what has none."""
    timed = sorted((due for due in _timed(view, now) if due.at), key=lambda due: str(due.at))
    waiting = unanswered(view)
    orders = (Due(DueKind.ORDER, count=len(waiting)),) if waiting else ()
    return (*orders, *timed, *_untimed(view))


def _timed(view: SessionView, now: datetime) -> Iterable[Due]:
    match view.phase:
        case SessionPhase.BOOKED:
            yield Due(DueKind.ARRIVAL, view.scheduled_at)
        case SessionPhase.DOSING | SessionPhase.PAUSED:
            yield Due(DueKind.READING, view.next_reading_due_at)
            yield Due(DueKind.INFUSION_END, view.infusion_ends_at)
            if view.presence_until is not None and view.presence_until <= now:
                yield Due(DueKind.ATTENDANT, view.presence_until)
        case SessionPhase.POST_OBS | SessionPhase.DISCHARGE_REVIEW:
            yield Due(DueKind.READING, view.next_reading_due_at)
            if view.peak_reading_at is not None and view.peak_reading_at > now:
                yield Due(DueKind.PEAK_READING, view.peak_reading_at)
            if view.phase is SessionPhase.POST_OBS:
                yield Due(DueKind.OBSERVATION_END, view.review_opens_at)
        case _:
            return


def _untimed(view: SessionView) -> tuple[Due, ...]:
    match view.phase:
        case SessionPhase.PRE_CHECK:
            return (Due(DueKind.MISSING, count=len(view.missing)),)
        case SessionPhase.READY:
            return (Due(DueKind.START),)
        case SessionPhase.DISCHARGE_REVIEW:
            return (Due(DueKind.DISCHARGE),)
        case _:
            return ()
