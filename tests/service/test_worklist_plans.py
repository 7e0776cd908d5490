"""How the record finds what the worklist asks: by its indexes, whatever its size."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from benchmarks.worklist_data import fill
from records.pool import create_pool
from records.queries import sql
from schemas.base import Role
from schemas.worklist import Priority
from service.worklist import Worklist
from service.worklist_rows import Asker, Filters, Preset
from tests.records.waiting import NOON
from tests.service.test_task_handling import CATALOGUE

LEE = Asker("person-7", frozenset({Role.PSYCHIATRIST}), frozenset({"north"}))
EVERYWHERE = Asker("person-7", frozenset({Role.MEDICAL_DIRECTOR}), None)
READ_WHOLE = {"journeys", "tasks"}
"""What is never read from one end to the other."""


@pytest.fixture
async def planning(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the server's own."""
    pool = await create_pool(database_url, max_size=2, plan_each=True)
    yield pool
    await pool.close()


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every table that a plan reads: how, which, by what."""
    if "Relation Name" in plan:
        yield plan["Node Type"], plan["Relation Name"], plan.get("Index Name", "")
    elif "Index Name" in plan:
        yield plan["Node Type"], "", plan["Index Name"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


async def plan_of(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, asker: Asker, filters: Filters | None
) -> list[tuple[str, str, str]]:
    """How the record would answer a page (None: the counts)."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    async def note(_: asyncpg.Pool, query: str, clinics: object, *values: object) -> list[Any]:
        seen = None if clinics is None else sorted(clinics)  # type: ignore[call-overload]
        asked.append((query, (seen, *values)))
        raise asyncio.CancelledError

    monkeypatch.setattr("service.worklist.read", note)
    desk = Worklist(pool, CATALOGUE, now=lambda: NOON)
    with pytest.raises(asyncio.CancelledError):
        await (desk.counts(asker) if filters is None else desk.page(asker, filters))
    query, values = asked[0]
    found = await pool.fetchval("EXPLAIN (FORMAT JSON) " + sql(query), *values)
    plan = json.loads(found) if isinstance(found, str) else found
    return list(scans(plan[0]["Plan"]))


async def not_by_index(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the worklist asks that reads a table from one end to the other, or not by the index
    made for it."""
    found_whole: list[object] = []
    asked = {
        **{preset.value: Filters(preset=preset) for preset in Preset},
        "kind": Filters(preset=Preset.EVERYTHING, kind="close_review"),
        "critical": Filters(preset=Preset.EVERYTHING, priority=Priority.CRITICAL),
        "counts": None,
    }
    for asker in (LEE, EVERYWHERE):
        for name, filters in asked.items():
            found = await plan_of(pool, monkeypatch, asker, filters)
            whole = {table for how, table, _ in found if how == "Seq Scan" and table in READ_WHOLE}
            found_whole += [(name, found)] if whole else []
    mine = await plan_of(pool, monkeypatch, LEE, Filters(preset=Preset.MINE))
    done = await plan_of(pool, monkeypatch, LEE, Filters(preset=Preset.DONE_TODAY))
    for plan, wanted in ((mine, "task_handling_by_person"), (done, "tasks_by_end")):
        found_whole += [] if any(index == wanted for _, _, index in plan) else [(wanted, plan)]
    return found_whole


YEARS = """INSERT INTO journey_events (workflow_id, journey_id, clinic, sequence, kind, at,
    actor_id, actor_role, data, previous_hash, hash)
SELECT 'journey-long', 'journey-long', 'north', n,
    CASE WHEN n % 10 = 0 THEN 'TaskReminded' ELSE 'VitalsRecorded' END, now(), 'engine', 'system',
    jsonb_build_object('task_id', 'journey-long~safety_follow_up~' || n / 50),
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
FROM generate_series(1, 5000) n;
ANALYZE journey_events"""


async def test_what_became_of_one_task_is_not_looked_for_in_all_the_years_of_its_journey(
    pool: asyncpg.Pool,
) -> None:
    await pool.execute(YEARS)

    asked = (["north"], "journey-long~safety_follow_up~7")
    found = await pool.fetchval(f"EXPLAIN (FORMAT JSON) {sql('steps_of_task')}", *asked)
    steps = await Worklist(pool, CATALOGUE).history(asked[1], LEE)

    plan = json.loads(found) if isinstance(found, str) else found
    assert "journey_events_of_a_task" in {index for _, _, index in scans(plan[0]["Plan"])}
    assert len(steps) == 5


@pytest.mark.slow
async def test_the_worklist_of_a_hundred_thousand_journeys_is_found_by_its_indexes(
    planning: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(planning, NOON)

    assert await not_by_index(planning, monkeypatch) == []
