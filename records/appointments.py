"""The clinic's book: chairs and nurses promised to treatment days, none of them twice."""

from datetime import datetime

import asyncpg
import structlog

from records.identity import claim_course
from records.pool import Held, connection
from records.queries import sql
from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces
from schemas.identity import Match

log = structlog.get_logger()

LATER_SHOWN = 12
"""How many later starts an answer names: more than anybody chooses among."""


class _NothingFreeError(Exception):
    """Takes back what a reservation had begun."""


class AppointmentStore:
    """The clinic's book, as the activities reach it. Every call may raise `RecordUnavailable`;
    then what it did is unknown, and the same call again finds out."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        """Hold places for a session, or say when else it could be. What the session holds at that
        hour already is its answer; what it holds at another hour is given up for this one, and
        kept when this one is taken. No place for a second course of one person (11.35), and none
        for a journey that has closed."""
        async with connection(self._pool) as held, held.transaction():
            if wish.course is not None:
                course = await claim_course(held, wish.journey_id, wish.clinic, wish.course)
                if not course.taken:
                    return _refused(wish, course.held_by)
            where = (wish.clinic, wish.training)
            await held.execute(sql("lock_clinic_day"), wish.clinic, str(wish.training))
            await held.execute(sql("sweep_holds"), *where)
            kept = await held.fetchrow(sql("stay_in_force"), wish.session_id, wish.starts_at)
            if kept is not None:
                return _reserved(wish, kept["chair"], kept["observer"])
            await held.execute(sql("name_places"), *where, wish.chairs, list(wish.nurses))
            try:
                async with held.transaction():
                    await held.execute(sql("clear_bookings"), wish.session_id)
                    return await _take(held, wish)
            except _NothingFreeError:
                return await _elsewhen(held, wish)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        """Make a hold firm; False when it has expired or was given back."""
        async with connection(self._pool) as held:
            return await held.fetchrow(sql("confirm_stay"), asked.session_id) is not None

    async def release(self, asked: ReleasePlaces) -> None:
        """Give places back from a moment on; what is given back already stays so."""
        at = asked.released_at
        async with connection(self._pool) as held, held.transaction():
            if await held.fetchval(sql("release_stay"), asked.session_id, at, asked.because):
                await held.execute(sql("end_bookings"), asked.session_id, at)


async def _take(held: Held, wish: ReservePlaces) -> PlacesAnswer:
    found = await _free(held, wish, (wish.starts_at,), 1)
    if not found:
        raise _NothingFreeError
    stay, start = wish.stay, wish.starts_at
    await held.execute(
        sql("hold_stay"), wish.session_id, wish.journey_id, wish.clinic, wish.training, start,
        stay.lead, stay.length, wish.hold_for,
    )  # fmt: skip
    await held.execute(sql("book_places"), wish.session_id, *_columns(found[0], wish))
    row = await held.fetchrow(sql("stay_in_force"), wish.session_id, start)
    assert row is not None, "what was just written is there"
    return _reserved(wish, row["chair"], row["observer"])


async def _elsewhen(held: Held, wish: ReservePlaces) -> PlacesAnswer:
    later = wish.later_starts
    rows = await _free(held, wish, later, LATER_SHOWN) if later else []
    log.info("no_place_free", session_id=wish.session_id, clinic=wish.clinic, later=len(rows))
    return PlacesAnswer(
        session_id=wish.session_id,
        starts_at=wish.starts_at,
        reserved=False,
        later=tuple(row["starts_at"] for row in rows),
    )


async def _free(
    held: Held, wish: ReservePlaces, starts: tuple[datetime, ...], most: int
) -> list[asyncpg.Record]:
    stay = wish.stay
    return await held.fetch(
        sql("free_places"), wish.clinic, wish.training, wish.chairs, list(wish.nurses),
        list(starts), stay.lead, stay.observed, stay.length, wish.patients_per_nurse, most,
    )  # fmt: skip


def _refused(wish: ReservePlaces, treated: tuple[Match, ...]) -> PlacesAnswer:
    return PlacesAnswer(
        session_id=wish.session_id, starts_at=wish.starts_at, reserved=False, held_by=treated
    )


def _columns(free: asyncpg.Record, wish: ReservePlaces) -> tuple[list[object], ...]:
    """What is booked, column by column: purpose, place, hand, from, to."""
    start = wish.starts_at
    arrives, recovers = start - wish.stay.lead, start + wish.stay.observed
    ends = start + wish.stay.length
    rows: tuple[tuple[object, ...], ...] = (
        ("chair", free["chair"], None, arrives, ends),
        ("care", free["nurse_before"], free["hand_before"], arrives, start),
        ("observation", free["observer"], None, start, recovers),
        ("care", free["nurse_after"], free["hand_after"], recovers, ends),
    )
    return tuple(list(column) for column in zip(*rows, strict=True))


def _reserved(wish: ReservePlaces, chair: str, observer: str) -> PlacesAnswer:
    return PlacesAnswer(
        session_id=wish.session_id,
        starts_at=wish.starts_at,
        reserved=True,
        ends_at=wish.starts_at + wish.stay.length,
        chair=chair,
        observer=observer,
    )
