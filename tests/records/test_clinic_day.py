"""The clinic's book under a crowd: whatever is asked at once, nothing is promised twice."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from operator import attrgetter
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.appointments import AppointmentStore
from records.errors import RecordUnavailable
from schemas.appointment import ConfirmPlaces, ReleasePlaces, ReservePlaces, StayLength

MONDAY = datetime(2026, 12, 7, 13, 0, tzinfo=UTC)
STAY = StayLength(
    lead=timedelta(minutes=30), observed=timedelta(minutes=60), length=timedelta(minutes=130)
)
STARTS = tuple(MONDAY + timedelta(minutes=15 * n) for n in range(32))
Asked, Answered = TypeVar("Asked"), TypeVar("Answered")
CHAIRS, NURSES, PER_NURSE = 4, ("rn-quill", "rn-abara", "rn-tamm"), 2

ROWS = """
SELECT s.session_id, s.status, s.expires_at, b.purpose, b.during, p.kind, p.name
FROM stays s JOIN bookings b USING (session_id) JOIN places p USING (place_id)
WHERE s.status <> 'held' OR s.expires_at > clock_timestamp()
"""


def wish(number: int, at: datetime, **changes: Any) -> ReservePlaces:
    fields: dict[str, Any] = {
        "session_id": f"journey-{number}-infusion-1",
        "journey_id": f"journey-{number}",
        "clinic": "north",
        "starts_at": at,
        "stay": STAY,
        "chairs": CHAIRS,
        "nurses": NURSES,
        "patients_per_nurse": PER_NURSE,
        "hold_for": timedelta(minutes=15),
        "later_starts": STARTS,
        **changes,
    }
    return ReservePlaces(**fields)


def load(rows: list[asyncpg.Record], moment: datetime) -> Iterator[tuple[str, str, str]]:
    """Whose what at one moment."""
    for row in rows:
        if row["during"].lower <= moment < row["during"].upper:
            yield row["name"], row["purpose"], row["session_id"]


def insist_on_capacity(rows: list[asyncpg.Record]) -> None:
    """Sweep over every moment at which anything begins, by the rules of the fact sheet alone."""
    for moment in {row["during"].lower for row in rows}:
        here = list(load(rows, moment))
        for name in {name for name, _, _ in here}:
            mine = [(purpose, session) for n, purpose, session in here if n == name]
            purposes = [purpose for purpose, _ in mine]
            if "observation" in purposes:
                assert len(mine) == 1, f"{name} observes and does something else at {moment}"
            if "chair" in purposes:
                assert len(mine) == 1, f"two in {name} at {moment}"
            assert len(mine) <= PER_NURSE, f"{name} cares for {len(mine)} at {moment}"


def insist_on_whole_stays(rows: list[asyncpg.Record]) -> None:
    """Whoever has a place has all of them, from arrival to the end, without a gap."""
    by_session: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        if row["status"] in ("held", "confirmed"):
            by_session.setdefault(row["session_id"], []).append(row)
    for mine in by_session.values():
        (chair,) = [row["during"] for row in mine if row["purpose"] == "chair"]
        watched = [row["during"] for row in mine if row["purpose"] != "chair"]
        watched.sort(key=attrgetter("lower"))
        assert chair.upper - chair.lower == STAY.lead + STAY.length
        assert (watched[0].lower, watched[-1].upper) == (chair.lower, chair.upper)
        assert all(a.upper == b.lower for a, b in pairwise(watched))


async def until_answered(ask: Callable[[Asked], Awaitable[Answered]], what: Asked) -> Answered:
    """What a caller does whom a busy book did not answer in time."""
    while True:
        with suppress(RecordUnavailable):
            return await ask(what)


async def test_200_parallel_bookings_never_exceed_any_resource(pool: asyncpg.Pool) -> None:
    """200 people want one of the day's hours at once; some let their hold run out, some cancel in
    between, some take a later hour that the answer named. Whoever gets no answer asks again."""
    book = AppointmentStore(pool)
    chance = random.Random(20261207)
    plans = [(n, chance.choice(STARTS), chance.random()) for n in range(200)]

    async def one(number: int, at: datetime, mood: float) -> bool:
        hold_for = timedelta(seconds=-1) if mood < 0.15 else timedelta(minutes=15)
        answer = await until_answered(book.reserve, wish(number, at, hold_for=hold_for))
        for _ in range(3):
            if answer.reserved or not answer.later:
                break
            later = wish(number, answer.later[0], hold_for=hold_for)
            answer = await until_answered(book.reserve, later)
        session = f"journey-{number}-infusion-1"
        if mood < 0.3:
            gone = ReleasePlaces(session_id=session, released_at=MONDAY, because="cancelled")
            await until_answered(book.release, gone)
            return False
        firm = ConfirmPlaces(session_id=session)
        return answer.reserved and await until_answered(book.confirm, firm)

    booked = await asyncio.gather(*(one(*plan) for plan in plans))

    rows = await pool.fetch(ROWS)
    insist_on_capacity(rows)
    insist_on_whole_stays(rows)
    firm = {row["session_id"] for row in rows if row["status"] == "confirmed"}
    assert len(firm) == sum(booked)
    # Nor was anybody turned away who would have fitted: a day takes as many as these at least.
    assert len(firm) >= 6


async def test_the_database_itself_refuses_a_hand_promised_twice(pool: asyncpg.Pool) -> None:
    book = AppointmentStore(pool)
    await book.reserve(wish(1, MONDAY))
    await book.reserve(wish(2, MONDAY + timedelta(days=1)))

    with pytest.raises(asyncpg.ExclusionViolationError, match="no_hand_is_promised_twice"):
        await pool.execute(
            "UPDATE bookings SET during = tstzrange($1, $2) "
            "WHERE session_id = 'journey-2-infusion-1' AND purpose = 'observation'",
            MONDAY,
            MONDAY + timedelta(hours=1),
        )


SESSIONS = st.integers(0, 5)
MOVES = st.one_of(
    st.tuples(st.just("reserve"), SESSIONS, st.sampled_from(STARTS[::4])),
    st.tuples(st.just("confirm"), SESSIONS, st.just(MONDAY)),
    st.tuples(st.just("release"), SESSIONS, st.just(MONDAY - timedelta(days=1))),
    st.tuples(st.just("expire"), SESSIONS, st.just(MONDAY)),
)


class Model:
    """One chair, nurses enough: a stay is there or it is not."""

    def __init__(self) -> None:
        self.held: dict[int, datetime] = {}
        self.firm: set[int] = set()

    def reserve(self, session: int, at: datetime) -> bool:
        long = STAY.lead + STAY.length
        others = (other for number, other in self.held.items() if number != session)
        if self.held.get(session) == at:
            return True
        if any(abs(other - at) < long for other in others):
            return False
        self.held[session] = at
        self.firm.discard(session)
        return True

    def confirm(self, session: int) -> bool:
        if session in self.held:
            self.firm.add(session)
        return session in self.held

    def release(self, session: int) -> None:
        self.held.pop(session, None)
        self.firm.discard(session)

    def expire(self, session: int) -> None:
        if session not in self.firm:
            self.held.pop(session, None)


EXPIRE = """
UPDATE stays SET expires_at = clock_timestamp() - interval '1 second'
WHERE session_id = $1 AND status = 'held'
"""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=st.lists(MOVES, max_size=25))
async def test_the_book_says_what_a_simple_model_says(
    pool: asyncpg.Pool, moves: list[tuple[str, int, datetime]]
) -> None:
    await pool.execute("DELETE FROM stays")
    book, model = AppointmentStore(pool), Model()

    for kind, session, at in moves:
        named = f"journey-{session}-infusion-1"
        match kind:
            case "reserve":
                answer = await book.reserve(wish(session, at, chairs=1))
                assert answer.reserved is model.reserve(session, at)
            case "confirm":
                confirmed = await book.confirm(ConfirmPlaces(session_id=named))
                assert confirmed is model.confirm(session)
            case "release":
                await book.release(
                    ReleasePlaces(session_id=named, released_at=at, because="cancelled")
                )
                model.release(session)
            case _:
                await pool.execute(EXPIRE, named)
                model.expire(session)

    rows = await pool.fetch(ROWS)
    seated = {row["session_id"]: row["during"] for row in rows if row["purpose"] == "chair"}
    assert {int(name.split("-")[1]) for name in seated} == set(model.held)
    assert not any(a.lower < b.upper and b.lower < a.upper for a, b in pairs(seated))


def pairs(seated: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    return combinations(seated.values(), 2)
