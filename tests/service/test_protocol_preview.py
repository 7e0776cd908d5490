"""Who would feel another protocol version, told from the record alone."""

from typing import Any

import asyncpg
import pytest

from clinical.standard_protocol import standard_protocol
from records.store import RecordStore
from schemas.event import AppendEvents, EventKind
from schemas.protocol import Protocol
from service.protocol_preview import UNKNOWN_VERSION, ProtocolBook
from service.rows import JourneyImpact
from tests.records.conftest import batch, card, fact


def changed(version: str, **values: Any) -> Protocol:
    standard = standard_protocol()
    parameters = {**standard.parameters, **{k.replace("__", "."): v for k, v in values.items()}}
    return standard.model_copy(update={"parameters": parameters, "version": version})


STRICTER = changed("north-2", bp__pause_sys=170, esk__obs_min=150)


def stands(
    journey: str, phase: str = "INFUSION_SERIES", protocol: Protocol | None = None, **more: Any
) -> AppendEvents:
    """A journey as its first batch puts it on record."""
    protocol = protocol or standard_protocol()
    who, clinic = f"journey-{journey}", more.pop("clinic", "north")
    where = {"journey_id": who, "clinic": clinic, "protocol_version": protocol.version}
    return batch(
        fact(1, EventKind.JOURNEY_STARTED, {"protocol_version": protocol.version}),
        workflow_id=who,
        journey_id=who,
        clinic=clinic,
        card=card(**where, phase=phase, closed=phase == "CLOSED"),
        protocol=more.pop("kept", protocol),
        **more,
    )


@pytest.fixture
def store(pool: asyncpg.Pool) -> RecordStore:
    return RecordStore(pool)


@pytest.fixture
def book(pool: asyncpg.Pool) -> ProtocolBook:
    return ProtocolBook(pool)


async def felt(book: ProtocolBook, new: Protocol, **more: Any) -> dict[str, JourneyImpact]:
    found = await book.preview(new, clinics=more.pop("clinics", None))
    return {journey.journey_id.removeprefix("journey-"): journey for journey in found.journeys}


def names(journey: JourneyImpact) -> tuple[list[str], list[str]]:
    return [row.name for row in journey.now], [row.name for row in journey.later]


async def test_each_open_journey_says_what_it_would_feel_now_and_later(
    store: RecordStore, book: ProtocolBook
) -> None:
    await store.append(stands("casimir"))
    await store.append(stands("ottoline", "SWITCH_ESKETAMINE"))
    await store.append(stands("philippa", "CLOSED"))

    found = await felt(book, STRICTER)

    assert found.keys() == {"casimir", "ottoline"}
    assert names(found["casimir"]) == (["bp.pause_sys"], ["esk.obs_min"])
    assert names(found["ottoline"]) == (["bp.pause_sys", "esk.obs_min"], [])
    (pause,) = found["casimir"].now
    assert (pause.old, pause.new, pause.unit, pause.direction) == ("180", "170", "mmHg", "stricter")


async def test_a_journey_is_compared_with_the_values_it_is_on_not_with_their_name(
    store: RecordStore, book: ProtocolBook
) -> None:
    """Two files carried one version by mistake."""
    await store.append(stands("casimir", protocol=changed("north-1", bp__pause_sys=170)))
    await store.append(stands("ottoline", protocol=changed("north-1")))

    found = await felt(book, changed("north-2", bp__pause_sys=170))

    assert names(found["casimir"]) == ([], [])
    assert names(found["ottoline"]) == (["bp.pause_sys"], [])


async def test_a_journey_that_was_moved_is_compared_with_where_it_was_moved_to(
    store: RecordStore, book: ProtocolBook
) -> None:
    await store.append(stands("casimir"))
    moved = fact(2, EventKind.PROTOCOL_CHANGED, {"from": "standard-1", "to": "north-2"})
    who = {"workflow_id": "journey-casimir", "journey_id": "journey-casimir"}
    await store.append(batch(moved, **who, protocol=STRICTER))
    # The first batch once more, late.
    await store.append(stands("casimir"))

    found = await felt(book, STRICTER)

    assert names(found["casimir"]) == ([], [])
    assert found["casimir"].note == "this journey is treated by these values already"


async def test_a_journey_from_before_the_values_were_kept_is_told_by_a_file_or_is_unknown(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(stands("casimir", kept=None))
    await store.append(stands("ottoline", kept=None, protocol=changed("long-gone")))

    found = await felt(ProtocolBook(pool, [standard_protocol()]), STRICTER)

    assert names(found["casimir"])[0] == ["bp.pause_sys"]
    assert found["ottoline"].unknown == UNKNOWN_VERSION
    assert names(found["ottoline"]) == ([], [])


async def test_nobody_sees_journeys_of_a_clinic_that_is_not_theirs(
    store: RecordStore, book: ProtocolBook
) -> None:
    await store.append(stands("casimir"))
    await store.append(stands("ottoline", clinic="south"))

    assert (await felt(book, STRICTER, clinics=frozenset({"south"}))).keys() == {"ottoline"}


async def test_a_preview_reads_more_than_a_page(
    store: RecordStore, book: ProtocolBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.protocol_preview.AT_ONCE", 2)
    for n in range(5):
        await store.append(stands(f"{n}"))

    assert len(await felt(book, STRICTER)) == 5


async def test_a_preview_writes_nothing(
    store: RecordStore, book: ProtocolBook, pool: asyncpg.Pool
) -> None:
    await store.append(stands("casimir"))
    before = await pool.fetch("SELECT * FROM journeys"), await pool.fetch("SELECT * FROM tasks")

    await book.preview(STRICTER, clinics=None)

    after = await pool.fetch("SELECT * FROM journeys"), await pool.fetch("SELECT * FROM tasks")
    assert before == after


async def test_a_version_on_record_is_found_by_its_name_and_every_content_of_it(
    store: RecordStore, book: ProtocolBook
) -> None:
    await store.append(stands("casimir", protocol=changed("north-1")))
    await store.append(stands("ottoline", protocol=changed("north-1", bp__pause_sys=170)))

    assert len(await book.version("north-1")) == 2
    assert await book.version("north-1", "another") == ()
    assert await book.version("north-9") == ()


async def test_what_a_newer_release_kept_is_unknown_not_an_error(
    store: RecordStore, book: ProtocolBook, pool: asyncpg.Pool
) -> None:
    await store.append(stands("casimir"))
    await pool.execute("""UPDATE protocol_versions SET content = content || '{"novel": 1}'""")

    assert (await felt(book, STRICTER))["casimir"].unknown == UNKNOWN_VERSION
