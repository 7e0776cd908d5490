"""One active course a person on real PostgreSQL: whoever asks at once, and whoever comes past."""

import asyncio
import random
from itertools import combinations

import asyncpg
import pytest

from records.appointments import AppointmentStore
from records.identity import claim_course
from records.store import RecordStore
from schemas.event import AppendEvents, EventKind
from schemas.infusion import SessionPhase, SessionResult
from schemas.screening import Modality
from tests.activities.test_appointments import confirm
from tests.activities.test_identity import (
    CASIMIR,
    MARRIED,
    NAMESAKE,
    OTTOLINE,
    ago,
    asks,
    referred,
    said,
    who,
)
from tests.records.conftest import batch, fact

ACTIVE = "SELECT DISTINCT journey_id FROM identity_marks WHERE namesake IS NOT NULL"
EVERYTHING = "SELECT to_jsonb(t)::text FROM {} t"


async def active(pool: asyncpg.Pool) -> set[str]:
    return {row["journey_id"] for row in await pool.fetch(ACTIVE)}


async def test_edge_35_of_twenty_journeys_that_claim_one_person_at_once_one_treats(
    pool: asyncpg.Pool,
) -> None:
    """Each under another spelling or number, half of them twice at once, as after a retry."""
    book = AppointmentStore(pool)
    spellings = (OTTOLINE, MARRIED, OTTOLINE.model_copy(update={"given_name": "OTTOLÍNE"}))
    tries = [(n, spellings[n % 3]) for n in range(20)] + [(n, spellings[n % 3]) for n in range(10)]

    answers = await asyncio.gather(*(book.reserve(asks(f"{n}", p)) for n, p in tries))

    treated = {t[0] for t, answer in zip(tries, answers, strict=True) if answer.reserved}
    assert len(treated) == 1
    (winner,) = treated
    assert await active(pool) == {f"journey-{winner}"}
    refused = [answer for answer in answers if not answer.reserved]
    assert all(who(answer.held_by) == [f"journey-{winner}"] for answer in refused)


async def test_edge_35_of_twenty_referrals_at_once_all_but_the_first_hear_of_an_earlier(
    pool: asyncpg.Pool,
) -> None:
    store = RecordStore(pool)

    answers = await asyncio.gather(*(store.append(referred(f"{n}", OTTOLINE)) for n in range(20)))

    assert sorted(len(answer.matches) for answer in answers) == list(range(20))


async def test_edge_35_the_database_itself_refuses_a_second_course_and_tells_nothing(
    pool: asyncpg.Pool,
) -> None:
    """Past the store and its lock, as a faulty release or a person at a console might."""
    book, store = AppointmentStore(pool), RecordStore(pool)
    await book.reserve(asks("first", OTTOLINE))
    await store.append(referred("second", OTTOLINE))

    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await pool.execute(
            "UPDATE identity_marks SET namesake = 0 WHERE journey_id = 'journey-second'"
        )

    assert refused.value.constraint_name == "one_active_course_a_person"
    assert await active(pool) == {"journey-first"}
    told = f"{refused.value} {refused.value.detail}".casefold()
    assert not any(word in told for word in ("ottoline", "thistlewood", "1984", "ot-1184"))


async def test_what_is_kept_of_people_is_readable_nowhere(pool: asyncpg.Pool) -> None:
    await AppointmentStore(pool).reserve(asks("first", OTTOLINE))
    await RecordStore(pool).append(referred("second", CASIMIR))

    tables = ("people_known", "identity_marks", "identity_verdicts")
    rows = [row[0] for t in tables for row in await pool.fetch(EVERYTHING.format(t))]

    kept = " ".join(rows).casefold()
    assert len(rows) > 4
    words = ("ottoline", "thistlewood", "vandersloot", "1984-03-09", "ot-1184", "urn:example")
    assert not any(word in kept for word in words)


async def test_two_records_keep_one_person_under_different_marks(pool: asyncpg.Pool) -> None:
    """A copy of one record's marks tells nothing about another's."""
    book = AppointmentStore(pool)
    await book.reserve(asks("first", OTTOLINE))
    before = await pool.fetch("SELECT mark FROM identity_marks")
    await pool.execute("DELETE FROM identity_marks; DELETE FROM people_known")
    await pool.execute("DELETE FROM identity_key")

    await book.reserve(asks("first", OTTOLINE))

    after = await pool.fetch("SELECT mark FROM identity_marks")
    assert not {row["mark"] for row in before} & {row["mark"] for row in after}


async def test_edge_35_whatever_is_claimed_ended_and_told_apart_at_once_no_two_treat_one_person(
    pool: asyncpg.Pool,
) -> None:
    """Fifteen journeys of three people with one name, in three hundred steps of six at a time. One
    that has closed is followed by a new referral of the same person."""
    book, store = AppointmentStore(pool), RecordStore(pool)
    chance = random.Random(20261127)
    sequences = dict.fromkeys(range(15), 1)
    journeys = {n: f"{n}" for n in range(15)}
    closed: set[str] = set()
    for n in range(15):
        await store.append(referred(f"{n}", NAMESAKE))
    apart: set[frozenset[str]] = set()

    async def step(n: int, mood: float) -> None:
        if mood < 0.6:
            await book.reserve(asks(journeys[n], NAMESAKE))
            return
        sequences[n] += 1
        other = (n + chance.randrange(1, 15)) % 15
        if mood < 0.8 or n % 3 == other % 3:
            closes = said(journeys[n], sequences[n], EventKind.JOURNEY_CLOSED)
            await asyncio.gather(store.append(closes), book.reserve(asks(journeys[n], NAMESAKE)))
            closed.add(f"journey-{journeys[n]}")
            journeys[n], sequences[n] = f"{journeys[n]}x", 1
            await store.append(referred(journeys[n], NAMESAKE))
            return
        one, two = journeys[n], journeys[other]
        apart.add(frozenset({f"journey-{one}", f"journey-{two}"}))
        await store.append(said(one, sequences[n], EventKind.PEOPLE_TOLD_APART, two))

    for _ in range(50):
        picked = chance.sample(range(15), 6)
        await asyncio.gather(*(step(n, chance.random()) for n in picked))

        treated = await active(pool)
        assert not treated & closed
        for pair in combinations(treated, 2):
            assert frozenset(pair) in apart, f"two courses, never told apart: {pair}"


async def test_edge_35_a_claim_that_is_under_way_while_its_journey_closes_leaves_no_course(
    pool: asyncpg.Pool,
) -> None:
    store = RecordStore(pool)
    await store.append(referred("first", OTTOLINE))
    claim = asks("first", OTTOLINE).course
    assert claim is not None

    async with pool.acquire() as held, held.transaction():
        assert (await claim_course(held, "journey-first", "north", claim)).taken
        closing = asyncio.create_task(store.append(said("first", 2, EventKind.JOURNEY_CLOSED)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(closing), 0.5)

    await closing
    assert await active(pool) == set()


def checked_in(journey: str) -> AppendEvents:
    """The first fact of a treatment day, told by the day itself."""
    day = f"journey-{journey}-infusion-1"
    arrived = fact(1, EventKind.CHECKED_IN, {"session_phase": SessionPhase.PRE_CHECK})
    return batch(arrived, workflow_id=day, journey_id=f"journey-{journey}")


async def test_edge_35_a_course_whose_patient_is_in_the_chair_goes_on_past_the_planned_end(
    pool: asyncpg.Pool,
) -> None:
    """Told by two people that it has ended; nobody discharged the patient yet."""
    book, store = AppointmentStore(pool), RecordStore(pool)
    await book.reserve(asks("old", OTTOLINE, at=ago(hours=6)))
    await book.confirm(confirm("old"))
    await store.append(checked_in("old"))

    new = await book.reserve(asks("new", OTTOLINE, succeeds=("old",)))

    assert who(new.held_by) == ["journey-old"]
    assert await active(pool) == {"journey-old"}


@pytest.mark.parametrize(
    ("days", "ends"), [(0.1, True), (3, False)], ids=["discharged", "never heard of again"]
)
async def test_edge_35_a_course_whose_day_is_over_may_be_taken_over(
    pool: asyncpg.Pool, days: float, *, ends: bool
) -> None:
    """Its journey was terminated: nobody gave the place back."""
    book, store = AppointmentStore(pool), RecordStore(pool)
    await book.reserve(asks("old", OTTOLINE, at=ago(days=days)))
    await book.confirm(confirm("old"))
    await store.append(checked_in("old"))
    if ends:
        day = "journey-old-infusion-1"
        result = SessionResult(
            session_id=day, modality=Modality.IV_KETAMINE, number=1,
            phase=SessionPhase.DISCHARGED, scheduled_at=ago(days=days), ended_at=ago(hours=1),
        )  # fmt: skip
        left = fact(2, EventKind.DISCHARGED, {"result": result.model_dump(mode="json")})
        await store.append(batch(left, workflow_id=day, journey_id="journey-old"))

    assert (await book.reserve(asks("new", OTTOLINE, succeeds=("old",)))).reserved


async def test_a_rebuild_of_the_lists_leaves_every_course_as_it_is(pool: asyncpg.Pool) -> None:
    book, store = AppointmentStore(pool), RecordStore(pool)
    await store.append(referred("first", OTTOLINE))
    await store.append(said("first", 2, EventKind.JOURNEY_CLOSED))
    await store.append(referred("second", OTTOLINE))
    await book.reserve(asks("second", OTTOLINE))

    await store.rebuild()

    assert await active(pool) == {"journey-second"}
