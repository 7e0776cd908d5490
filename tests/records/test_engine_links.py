"""The engine's own links: one row and one address for one message, however often it is sent."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from records.engine_links import EngineLinks
from records.link_tokens import token_hash
from records.patient_links import PatientLinkStore
from runtime.settings import Settings
from schemas.base import Actor, Role
from schemas.notification import Notification
from schemas.patient_link import LinkPurpose, LinkUse, LinkWish

EVENING = datetime(2026, 11, 27, 23, tzinfo=UTC)
JOURNEY = "journey-persimmon"
DAY = f"{JOURNEY}-infusion-1"
KEY = b"k" * 32
QUILL = Actor(id="rn-quill", role=Role.NURSE)
PATIENT = Actor(id="link-persimmon", role=Role.PATIENT)
HOME = Notification(
    occurrence=f"{DAY}:home-safe",
    template="home_safe",
    language="es",
    link=LinkWish(purpose=LinkPurpose.HOME_SAFE, session_id=DAY),
)
NUDGE = Notification(
    occurrence="journal:2026-11-20:nudge",
    template="journal_nudge",
    link=LinkWish(purpose=LinkPurpose.JOURNAL),
)

ON_RECORD = """
INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version, patient_birth_date)
VALUES ($1, 'north', 'INFUSION_SERIES', true, 'standard-1', '1984-05-17')
"""
A_DAY = "INSERT INTO sessions (session_id, journey_id, clinic) VALUES ($1, $2, 'north')"


@pytest.fixture
async def record(pool: asyncpg.Pool) -> asyncpg.Pool:
    await pool.execute(ON_RECORD, JOURNEY)
    await pool.execute(A_DAY, DAY, JOURNEY)
    return pool


def engine(
    pool: asyncpg.Pool,
    settings: Settings | None = None,
    key: bytes = KEY,
    now: Callable[[], datetime] = lambda: EVENING,
) -> EngineLinks:
    return EngineLinks(pool, settings or Settings(), key, now=now)


async def ask(links: EngineLinks, notification: Notification = HOME) -> str | None:
    return await links.link_for(JOURNEY, JOURNEY, "north", notification)


async def rows(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT * FROM patient_links ORDER BY made_at")


async def trail(pool: asyncpg.Pool) -> list[tuple[str, str | None]]:
    lines = await pool.fetch("SELECT what, actor_id FROM patient_link_audit ORDER BY id")
    return [(line["what"], line["actor_id"]) for line in lines]


async def test_the_same_message_again_has_the_same_link_on_the_same_row(
    record: asyncpg.Pool,
) -> None:
    first = await ask(engine(record))
    again = await ask(engine(record, now=lambda: EVENING + timedelta(minutes=9)))
    at_once = await asyncio.gather(*(ask(engine(record)) for _ in range(5)))

    assert first is not None
    assert {first, again, *at_once} == {first}
    (row,) = await rows(record)
    assert (row["made_by_id"], row["made_by_role"]) == ("engine", "system")
    assert row["expires_at"] == EVENING + timedelta(hours=24)
    assert await trail(record) == [("made", "engine")]


async def test_copies_sent_at_the_same_moment_make_one_row(record: asyncpg.Pool) -> None:
    made = await asyncio.gather(*(ask(engine(record)) for _ in range(8)))

    assert len(set(made)) == 1
    assert None not in made
    assert len(await rows(record)) == 1
    assert await trail(record) == [("made", "engine")]


async def test_another_message_or_another_key_gives_another_link(record: asyncpg.Pool) -> None:
    one = await ask(engine(record))
    other = await ask(engine(record), NUDGE)
    elsewhere = await ask(engine(record, key=b"e" * 32))

    assert len({one, other, elsewhere}) == 3


async def test_the_record_keeps_a_hash_and_the_link_says_nothing_of_the_patient(
    record: asyncpg.Pool,
) -> None:
    address = await ask(engine(record))

    assert address is not None
    assert address.startswith("http://127.0.0.1:8000/l/north~")
    assert JOURNEY not in address
    token = address.rpartition("/")[2]
    assert (await rows(record))[0]["token_sha256"] == token_hash(token)
    kept = [str(dict(row)) for row in await rows(record)]
    assert not any(token.rpartition("~")[2] in row for row in kept)


@pytest.mark.parametrize(("message", "hours"), [(HOME, 24), (NUDGE, 168)])
async def test_it_lives_as_long_as_its_purpose_allows(
    record: asyncpg.Pool, message: Notification, hours: int
) -> None:
    await ask(engine(record), message)

    assert [row["expires_at"] for row in await rows(record)] == [EVENING + timedelta(hours=hours)]


async def test_a_late_copy_carries_no_link_that_is_used_revoked_or_over(
    record: asyncpg.Pool,
) -> None:
    store = PatientLinkStore(record)
    await ask(engine(record))
    await ask(engine(record), NUDGE)
    home, nudge = sorted(await rows(record), key=lambda row: str(row["purpose"]))

    await store.used(home["link_id"], LinkUse.HOME_SAFE, EVENING, PATIENT)
    assert await ask(engine(record)) is None
    assert await store.revoke(nudge["link_id"], JOURNEY, EVENING, QUILL)
    assert await ask(engine(record), NUDGE) is None
    week_later = EVENING + timedelta(days=8)
    other = NUDGE.model_copy(update={"occurrence": "journal:2026-11-24:nudge"})
    assert await ask(engine(record), other) is not None
    assert await ask(engine(record, now=lambda: week_later), other) is None


async def test_a_journal_link_that_was_written_by_once_is_still_the_one(
    record: asyncpg.Pool,
) -> None:
    first = await ask(engine(record), NUDGE)
    (row,) = await rows(record)
    await PatientLinkStore(record).used(row["link_id"], LinkUse.WRITE, EVENING, PATIENT)

    assert await ask(engine(record), NUDGE) == first


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journeys SET patient_birth_date = NULL",
        "UPDATE journeys SET closed = true",
        "UPDATE journeys SET clinic = 'south'",
        "UPDATE sessions SET journey_id = 'journey-other'",
    ],
)
async def test_where_it_would_open_nothing_for_this_patient_none_is_made(
    record: asyncpg.Pool, change: str
) -> None:
    await record.execute(change)

    assert await ask(engine(record)) is None
    assert await rows(record) == []
    assert await trail(record) == []


async def test_without_an_address_for_patients_none_is_made(record: asyncpg.Pool) -> None:
    plain = Settings.model_construct(**{**Settings().model_dump(), "environment": "production"})
    safe = plain.model_copy(update={"link_url": "https://journeys.clinic.example/l/"})

    assert await ask(engine(record, plain)) is None
    assert await rows(record) == []
    address = await ask(engine(record, safe))
    assert address is not None
    assert address.startswith("https://journeys.clinic.example/l/north~")


async def test_the_engine_makes_no_consent_link_and_none_nobody_asked_for(
    record: asyncpg.Pool,
) -> None:
    consent = NUDGE.model_copy(update={"link": LinkWish(purpose=LinkPurpose.CONSENT)})

    assert await ask(engine(record), consent) is None
    assert await ask(engine(record), NUDGE.model_copy(update={"link": None})) is None
    assert await rows(record) == []


async def test_all_links_of_a_journey_are_listed_newest_first(record: asyncpg.Pool) -> None:
    await ask(engine(record))
    await ask(engine(record, now=lambda: EVENING + timedelta(hours=1)), NUDGE)

    listed = await PatientLinkStore(record).of_journey(JOURNEY)
    assert [link.purpose for link in listed] == [LinkPurpose.JOURNAL, LinkPurpose.HOME_SAFE]
