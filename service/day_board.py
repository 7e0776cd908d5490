"""The clinic's day as one board: each chair, who sits there, its phase, what is due next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import asyncpg

from schemas.infusion import SessionPhase, SessionView
from service.clinic_day import ClinicDay
from service.lookups import read
from service.rows import Row, StayRow
from service.treatment_day import HERE, Due, EnginePort, clinical_now, due_next, live_views

Clinics = frozenset[str] | None
CHAIR: Final = "chair"
OBSERVATION: Final = "observation"
ARRIVES_WITHIN: Final = timedelta(hours=2)
NUMBER: Final = re.compile(r"(\d+)$")


class PatientOfDay(Row):
    """Who a session's patient is, and what is on record of the day."""

    session_id: str
    patient_name: str | None = None
    number: int | None = None
    checked_in_at: datetime | None = None
    dosed_at: datetime | None = None
    last_reading_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Card:
    """One stay on the board. `view`: the engine's own word; None where nobody asked or answered.
    `asked`: whether somebody did. `now`: the clinical clock of this patient's day."""

    stay: StayRow
    patient: PatientOfDay | None
    view: SessionView | None
    asked: bool
    now: datetime

    @property
    def phase(self) -> SessionPhase:
        return self.view.phase if self.view else SessionPhase(self.stay.phase)

    @property
    def attendant(self) -> str | None:
        """Who stays with the patient, else who is booked to."""
        if self.view is not None and self.view.attendant is not None:
            return self.view.attendant.id
        booked = (p.place for p in self.stay.places if p.purpose == OBSERVATION)
        return next(booked, None)

    @property
    def here(self) -> bool:
        """Whether the patient is in the clinic."""
        return self.phase in HERE

    @property
    def due(self) -> tuple[Due, ...]:
        return due_next(self.view, self.now) if self.view else ()


@dataclass(frozen=True)
class Chair:
    """One chair and its stays in order. `number`: as the clinic counts them; 0: none yet."""

    number: int
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class DayBoard:
    """A clinic's day."""

    day: ClinicDay
    chairs: tuple[Chair, ...]

    @property
    def cards(self) -> tuple[Card, ...]:
        """Every stay, by appointment."""
        found = [card for chair in self.chairs for card in chair.cards]
        return tuple(sorted(found, key=lambda card: (card.stay.scheduled_at, card.stay.session_id)))


class DaysPort(Protocol):
    """`service.clinic_day.ClinicDays`."""

    async def day(
        self, code: str, on: date | None, *, now: datetime, clinics: Clinics
    ) -> ClinicDay | None: ...


class PatientsPort(Protocol):
    """Who sits in the chairs."""

    async def of(self, sessions: Sequence[str], *, clinics: Clinics) -> tuple[PatientOfDay, ...]:
        """The patients of some sessions. Raises `RecordUnavailable`."""


class RecordedPatients:
    """The same from PostgreSQL, in one statement."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of(self, sessions: Sequence[str], *, clinics: Clinics) -> tuple[PatientOfDay, ...]:
        rows = await read(self._pool, "patients_of_the_day", clinics, list(sessions))
        return tuple(PatientOfDay.model_validate(dict(row)) for row in rows)


class DayBoards:
    """Puts the clinic's book, the record and the engine's word on one board."""

    def __init__(self, days: DaysPort, patients: PatientsPort, engine: EnginePort) -> None:
        self._days = days
        self._patients = patients
        self._engine = engine

    async def board(
        self, clinic: str, on: date | None, *, now: datetime, clinics: Clinics
    ) -> DayBoard | None:
        """The board of a day (today's when None). None for a clinic that does not exist or may
        not be seen. Raises `RecordUnavailable`; an engine that is away leaves the record."""
        day = await self._days.day(clinic, on, now=now, clinics=clinics)
        if day is None:
            return None
        ids = [stay.session_id for stay in day.stays]
        patients = {p.session_id: p for p in await self._patients.of(ids, clinics=clinics)}
        asked = frozenset(s.session_id for s in day.stays if _may_be_here(s, now))
        views = await live_views(self._engine, asked)
        return DayBoard(
            day, _chairs(day, [_card(s, patients, views, asked, now) for s in day.stays])
        )


def _may_be_here(stay: StayRow, now: datetime) -> bool:
    """Whether the engine is worth asking: the record may be a moment behind an arrival. A training
    day's clock may stand anywhere."""
    if stay.phase in HERE:
        return True
    near = stay.training or stay.arrives_at <= now + ARRIVES_WITHIN
    return stay.phase == SessionPhase.BOOKED and near


def _card(
    stay: StayRow,
    patients: Mapping[str, PatientOfDay],
    views: Mapping[str, SessionView],
    asked: frozenset[str],
    now: datetime,
) -> Card:
    view = views.get(stay.session_id)
    return Card(
        stay=stay,
        patient=patients.get(stay.session_id),
        view=view,
        asked=stay.session_id in asked,
        now=clinical_now(view, now),
    )


def _chairs(day: ClinicDay, cards: Sequence[Card]) -> tuple[Chair, ...]:
    """Every chair that the clinic has, also an empty one; a stay without a chair stands last."""
    of = {card.stay.session_id: _chair_of(card.stay) for card in cards}
    numbers = [*range(1, day.chairs + 1), *sorted({n for n in of.values() if n > day.chairs})]
    if 0 in of.values():
        numbers.append(0)
    return tuple(
        Chair(n, tuple(card for card in cards if of[card.stay.session_id] == n)) for n in numbers
    )


def _chair_of(stay: StayRow) -> int:
    name = next((p.place for p in stay.places if p.purpose == CHAIR), "")
    found = NUMBER.search(name)
    return int(found.group(1)) if found else 0
