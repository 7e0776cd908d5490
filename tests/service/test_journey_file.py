"""The file of one journey costs the same however long the journey is."""

import json
from typing import Any

import asyncpg
import pytest

from records.queries import sql
from schemas.event import EventKind
from service.fact_words import Form, tell
from service.journey_file import JourneyFiles, Told
from service.lookups import BadCursorError, Lookups
from service.rows import EventRow
from tests.api.fake_record import A_MOMENT, an_event

LONG = """INSERT INTO journey_events (workflow_id, journey_id, clinic, sequence, kind, at, actor_id,
    actor_role, data, previous_hash, hash)
SELECT 'journey-' || n / 500, 'journey-' || n / 500, 'north', n, 'VitalsRecorded', now(), 'e',
    'system', '{}', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
FROM generate_series(1, 80000) n;
INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version)
VALUES ('journey-159', 'north', 'CONSENT', false, '1');
ANALYZE journey_events"""


def a_fact(kind: EventKind, /, **data: Any) -> EventRow:
    return an_event("journey-7").model_copy(update={"kind": kind.value, "data": data})


async def test_a_page_of_a_timeline_reads_its_own_rows_alone(pool: asyncpg.Pool) -> None:
    await pool.execute(LONG)
    files = JourneyFiles(pool, Lookups(pool))

    first = await files.open("journey-159", clinics=None)
    assert first is not None
    second = await files.open("journey-159", clinics=None, cursor=first.next_cursor)
    assert second is not None

    shown = [fact.event.sequence for file in (first, second) for fact in file.story]
    assert len(shown) == len(set(shown)) == 400
    assert shown == sorted(shown, reverse=True)
    before = first.story[-1].event.id
    asked = (None, "journey-159", before, Told.ALL.value, [], 201)
    (told,) = await pool.fetchrow(f"EXPLAIN (FORMAT JSON) {sql('journey_story')}", *asked)
    plan = told if isinstance(told, str) else json.dumps(told)
    assert "journey_events_by_journey" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 40, "１"])
async def test_an_invented_cursor_is_refused(pool: asyncpg.Pool, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        await JourneyFiles(pool, Lookups(pool)).open("journey-7", clinics=None, cursor=cursor)


def test_a_persons_reason_comes_before_the_engines() -> None:
    fact = a_fact(
        EventKind.TASK_VOTED,
        kind="treatment_clearance",
        vote={"decision": "approve", "reason": "work-up in date"},
        reasons=[{"code": "two_people", "text": "Two people are needed"}, "two_people"],
    )

    told = tell(fact)

    assert [(word.form, word.text) for word in told.what] == [
        (Form.CODE, "treatment_clearance"),
        (Form.CODE, "approve"),
    ]
    assert [(word.form, word.text) for word in told.why] == [
        (Form.TEXT, "work-up in date"),
        (Form.ENGLISH, "Two people are needed"),
        (Form.CODE, "two_people"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"vitals": 3, "scores": "none", "reasons": {"a": 1}, "event": [], "form": None},
        {"scores": [None, {"total": "x"}], "scheduled_at": "soon", "review_at": 5, "vote": "yes"},
        {"scheduled_at": A_MOMENT.replace(tzinfo=None).isoformat(), "number": True, "row": None},
    ],
)
def test_whatever_a_release_wrote_a_timeline_can_be_read(data: dict[str, Any]) -> None:
    for kind in EventKind:
        told = tell(a_fact(kind, **data))

        assert all(word.text for word in (*told.what, *told.why)), kind
