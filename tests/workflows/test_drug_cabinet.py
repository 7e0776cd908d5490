"""The clinic's drug cabinet from run to run."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from clinical.standard_protocol import standard_protocol
from schemas.event import EventKind
from tests.workflows.cabinets import (
    DIRECTOR,
    LOT,
    NURSE,
    PRESCRIBER,
    WITNESS,
    Shelves,
    refusal,
    shelves_at_work,
)
from tests.workflows.conftest import NORTH


async def test_a_new_run_keeps_the_incident_its_clock_and_what_was_taken(shelves: Shelves) -> None:
    await shelves.receive(500, command_id="delivery-45")
    await refusal(shelves.count(450, command_id="shift-9"))
    (before,) = await shelves.waiting("substance_variance")

    await shelves.handle.signal("refresh")
    await shelves.next_run()

    assert await shelves.waiting("substance_variance") == [before]
    assert (await shelves.receive(500, command_id="delivery-45")).duplicate
    assert await refusal(shelves.count(450, command_id="shift-9")) == ["variance"]
    assert (await shelves.book()).on_hand_mg == 500


async def test_newer_settings_hold_from_the_next_run_on(shelves: Shelves) -> None:
    await shelves.receive(500)
    away = NORTH.model_copy(update={"time_zone": "America/Anchorage"})
    newest = {"clinic": away, "protocol": standard_protocol(), "pins": "newer"}
    others = {**newest, "clinic": away.model_copy(update={"code": "south"})}

    assert await refusal(shelves.say("adopt_settings", **others)) == ["another_clinic"]
    assert await refusal(shelves.say("adopt_settings", **newest, actor=DIRECTOR)) == ["wrong_role"]
    await shelves.say("adopt_settings", **newest)

    await shelves.next_run()
    assert (await shelves.receive(1)).pins == "newer"
    assert "SettingsAdopted" in await shelves.kinds()


async def test_no_run_of_a_busy_cabinet_grows_long(shelves: Shelves) -> None:
    await shelves.receive(500)

    for _ in range(60):
        await shelves.say("waste_stock", lot=LOT, amount_mg=1, why="expired", witness=WITNESS)
    view = await shelves.view()

    assert view.runs >= 2
    assert (await shelves.book()).on_hand_mg == 440
    assert (await shelves.kinds()).count("StockWasted") == 60


@pytest.mark.usefixtures("impatient")
async def test_whoever_waits_for_the_record_is_answered_before_the_next_run_begins(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vial wasted is not told twice by people because the cabinet turned over meanwhile."""
    monkeypatch.setattr("workflows.desk.HAND_OVER_PATIENCE", timedelta(seconds=0.5))
    await shelves.receive(500)
    shelves.line.away = True
    waste = {"lot": LOT, "amount_mg": 10, "why": "breakage", "witness": WITNESS}
    told = [asyncio.create_task(shelves.say("waste_stock", **waste))]
    await shelves.found_away()
    await shelves.handle.signal("refresh")
    await asyncio.sleep(2)
    told.append(asyncio.create_task(shelves.say("waste_stock", **waste)))
    await asyncio.sleep(0.5)

    shelves.line.away = False

    answers = await asyncio.gather(*told)
    assert not any(answer.duplicate for answer in answers)
    assert (await shelves.next_run()).unrecorded == 0
    assert (await shelves.book()).on_hand_mg == 480


async def test_a_command_refused_at_the_door_is_not_even_accepted(shelves: Shelves) -> None:
    await refusal(shelves.count(500, second=NURSE))

    kinds = {event.event_type async for event in shelves.handle.fetch_history_events()}

    assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED not in kinds


async def test_what_cannot_be_read_is_kept_in_sight(shelves: Shelves) -> None:
    await shelves.handle.signal("command_submitted", "no envelope at all")
    await shelves.receive(500)

    assert (await shelves.view()).dead_letter_count == 1
    assert EventKind.MESSAGE_DEAD_LETTERED.value in await shelves.kinds()


@pytest.mark.usefixtures("uncounted")
async def test_the_cabinet_runs_in_the_strict_sandbox(
    time_skipping: WorkflowEnvironment, pool: asyncpg.Pool
) -> None:
    async with shelves_at_work(time_skipping, pool, strict=True) as shelves:
        await shelves.open()
        await shelves.receive(500)
        await refusal(shelves.count(450))
        await shelves.decide("substance_variance", NURSE, PRESCRIBER, choice="unexplained_loss")

        assert (await shelves.count(450)).closed
