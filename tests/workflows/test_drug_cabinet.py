"""The clinic's drug cabinet: counted by two, closed when it adds up, blocked when it must be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from clinical.standard_protocol import standard_protocol
from schemas.approval import RemindTask
from schemas.base import Actor, Role
from schemas.drug_cabinet import CabinetReceipt, CountStock, LotCount
from schemas.event import EventKind
from tests.workflows.cabinets import (
    DIRECTOR,
    LOT,
    NURSE,
    PHARMACIST,
    PRESCRIBER,
    WITNESS,
    Shelves,
    drawn,
    given,
    over,
    shelves_at_work,
)
from tests.workflows.conftest import NORTH, cached
from tests.workflows.doors import Refused

DAY_1 = "journey-mauve-infusion-1"
DAY_2 = "journey-tangerine-infusion-3"
COORDINATOR = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)


@pytest.fixture
async def shelves(
    time_skipping: WorkflowEnvironment, pool: asyncpg.Pool, request: pytest.FixtureRequest
) -> AsyncIterator[Shelves]:
    async with shelves_at_work(time_skipping, pool, cached=cached(request)) as at_work:
        await at_work.open()
        yield at_work


async def refusal(saying: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        await saying
    return refused.value.codes


# -- the shift ------------------------------------------------------------------------------------


async def test_edge_30_a_shift_closes_when_two_people_count_what_the_log_expects(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.dose(DAY_1, drawn(50), given(35, 15))

    receipt = await shelves.count(450.5)

    assert receipt.closed
    assert [(b.lot, b.expected_mg, b.closes) for b in receipt.balances] == [(LOT, 450, True)]
    assert (await shelves.kinds())[-1] == "ShiftClosed"
    assert (await shelves.view()).shift_closed_at is not None


async def test_a_dose_under_way_is_not_missing(shelves: Shelves) -> None:
    await shelves.receive(500)
    await shelves.dose(DAY_1, drawn(50))

    assert (await shelves.count(450)).closed


async def test_edge_30_a_variance_keeps_the_shift_open_and_opens_an_incident(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)

    codes = await refusal(shelves.count(450))

    assert codes == ["variance"]
    (asked,) = await shelves.waiting("substance_variance")
    assert asked.still_needed == (Role.NURSE, Role.PRESCRIBER)
    assert asked.options == ("miscounted", "explained", "unexplained_loss")
    kinds = await shelves.kinds()
    assert "ShiftClosed" not in kinds
    assert {"StockCounted", "VarianceFound", "TaskOpened"} <= set(kinds)
    assert (await shelves.view()).shift_closed_at is None


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (NURSE, "same_person"),
        (Actor(id="rn-quill", role=Role.PHARMACIST), "same_person"),
        (COORDINATOR, "counter_not_licensed"),
    ],
)
async def test_edge_30_one_person_or_an_unlicensed_one_counts_nothing(
    shelves: Shelves, second: Actor, code: str
) -> None:
    await shelves.receive(500)

    assert await refusal(shelves.count(500, second=second)) == [code]
    assert "StockCounted" not in await shelves.kinds()


async def test_a_lot_that_nobody_counted_keeps_the_shift_open_without_an_incident(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.receive(200, lot="KET-9")

    assert await refusal(shelves.count(500)) == ["not_counted"]
    assert await shelves.waiting("substance_variance") == []


async def test_edge_30_a_recount_that_agrees_closes_the_shift_and_the_incident(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(450))

    assert (await shelves.count(500)).closed

    assert await shelves.waiting("substance_variance") == []
    assert "VarianceSettled" in await shelves.kinds()


async def test_edge_30_the_medical_director_hears_when_nobody_recounts(shelves: Shelves) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(450))

    await shelves.env.sleep(timedelta(hours=1, minutes=1))

    (asked,) = await shelves.waiting("substance_variance")
    assert asked.owed_to is Role.MEDICAL_DIRECTOR


async def test_edge_30_the_same_count_sent_again_is_refused_again_and_counted_once(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)

    first = await refusal(shelves.count(450, command_id="shift-7"))
    again = await refusal(shelves.count(450, command_id="shift-7"))

    assert first == again == ["variance"]
    assert (await shelves.kinds()).count("StockCounted") == 1


async def test_the_same_count_by_update_and_by_signal_counts_once(shelves: Shelves) -> None:
    await shelves.receive(500)
    count = CountStock(
        command_id="shift-8",
        actor=NURSE,
        second=PHARMACIST,
        counts=(LotCount(lot=LOT, counted_mg=500),),
    )
    envelope = {"kind": "count_stock", "command": count.model_dump(mode="json")}

    await shelves.handle.signal("command_submitted", envelope)
    receipt: CabinetReceipt = await shelves.handle.execute_update(
        "count_stock", count, result_type=CabinetReceipt
    )

    assert receipt.accepted
    assert (await shelves.kinds()).count("ShiftClosed") == 1


async def test_edge_30_a_syringe_left_over_keeps_the_shift_open_until_it_is_wasted(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.dose(DAY_1, drawn(50), given(35), over(DAY_1))
    assert await refusal(shelves.count(450)) == ["draw_unsettled"]

    await shelves.say(
        "waste_stock", lot=LOT, amount_mg=15, why="residue", witness=WITNESS, session_id=DAY_1
    )

    assert (await shelves.count(450)).closed
    assert (await shelves.book()).in_use_mg == 0


# -- what two people settle -----------------------------------------------------------------------


async def test_edge_30_an_unexplained_loss_starts_the_clock_of_the_law(shelves: Shelves) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(450))

    await shelves.decide("substance_variance", NURSE, PRESCRIBER, choice="unexplained_loss")

    titles = [asked.title for asked in await shelves.waiting("loss_report")]
    assert [title.split(": ")[-1] for title in titles] == [
        "dea field division", "state board", "dea form 106",
    ]  # fmt: skip
    assert (await shelves.count(450)).closed
    book = await shelves.book()
    assert book.on_hand_mg == 450
    assert ("lost", "rn-quill", "dr-vale") in await shelves.lines(
        "movement", "actor_id", "witness_id"
    )


async def test_edge_30_one_person_alone_settles_nothing(shelves: Shelves) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(450))
    (asked,) = await shelves.waiting("substance_variance")

    await shelves.decide("substance_variance", NURSE, choice="unexplained_loss")
    second = shelves.say(
        "decide_approval",
        approval_id=asked.approval_id,
        decision="approve",
        choice="unexplained_loss",
        reason="again",
        actor=NURSE,
    )

    assert "same_person" in await refusal(second)
    assert "lost" not in [movement for (movement,) in await shelves.lines()]
    assert await shelves.waiting("loss_report") == []


async def test_edge_30_what_has_an_explanation_is_set_right_by_a_line_of_its_own(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(520))

    await shelves.decide("substance_variance", NURSE, PRESCRIBER, choice="explained")

    assert (await shelves.count(520)).closed
    assert ("corrected_up",) in await shelves.lines()
    assert await shelves.waiting("loss_report") == []


async def test_edge_30_more_given_than_drawn_turns_out_to_have_been_drawn(shelves: Shelves) -> None:
    await shelves.receive(500)
    await shelves.dose(DAY_1, drawn(50), given(60), over(DAY_1))
    codes = await refusal(shelves.count(440))
    assert set(codes) == {"variance", "draw_unsettled"}

    await shelves.decide("substance_variance", NURSE, PRESCRIBER, choice="explained")

    assert (await shelves.count(440)).closed
    book = await shelves.book()
    assert (book.on_hand_mg, book.in_use_mg) == (440, 0)


async def test_a_declined_incident_leaves_the_shift_open(shelves: Shelves) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(450))
    (asked,) = await shelves.waiting("substance_variance")

    await shelves.say(
        "decide_approval",
        approval_id=asked.approval_id,
        decision="decline",
        reason="count it again",
        actor=NURSE,
    )

    assert await refusal(shelves.count(450)) == ["variance"]
    assert len(await shelves.waiting("substance_variance")) == 1


async def test_edge_30_another_number_is_put_to_people_anew(shelves: Shelves) -> None:
    await shelves.receive(500)
    await refusal(shelves.count(450))
    await shelves.decide("substance_variance", NURSE, choice="miscounted")

    await refusal(shelves.count(430))

    (asked,) = await shelves.waiting("substance_variance")
    assert asked.still_needed == (Role.NURSE, Role.PRESCRIBER)
    (variance,) = (await shelves.view()).variances
    assert variance.variance_mg == -70


@pytest.mark.parametrize(
    ("found_at", "due_on"),
    [
        (datetime(2026, 12, 16, 19, 0, tzinfo=UTC), "2026-12-17"),  # a Wednesday
        (datetime(2026, 12, 18, 19, 0, tzinfo=UTC), "2026-12-21"),  # a Friday
        (datetime(2026, 12, 24, 19, 0, tzinfo=UTC), "2026-12-28"),  # before Christmas, a Friday
        (datetime(2027, 1, 16, 19, 0, tzinfo=UTC), "2027-01-19"),  # before a Monday holiday
    ],
)
async def test_edge_30_one_business_day_leaps_over_weekends_and_holidays(
    time_skipping: WorkflowEnvironment, pool: asyncpg.Pool, found_at: datetime, due_on: str
) -> None:
    async with shelves_at_work(time_skipping, pool) as shelves:
        await shelves.open(at=found_at)
        await shelves.receive(500)

        await shelves.say(
            "report_loss", lot=LOT, amount_mg=50, reason="the shelf is bare", witness=WITNESS
        )

        (first, *_) = await shelves.waiting("loss_report")
        local = first.due_at - timedelta(hours=5)
        assert (local.date().isoformat(), local.hour) == (due_on, 14)


async def test_edge_30_a_report_that_is_due_in_weeks_is_listed_at_once_and_reminded_of_later(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.say("report_loss", lot=LOT, amount_mg=50, reason="bare", witness=WITNESS)

    assert len(await shelves.waiting("loss_report")) == 3
    await shelves.env.sleep(timedelta(minutes=5))
    told = [n.facts["task_id"] for n in shelves.outside.sent if n.template == "task_opened"]
    assert sorted(told) == [f"cabinet-north~loss_report~{n}" for n in (1, 2)]


async def test_a_colleague_reminds_of_a_report_that_is_owed(shelves: Shelves) -> None:
    await shelves.receive(500)
    await shelves.say("report_loss", lot=LOT, amount_mg=50, reason="bare", witness=WITNESS)
    (owed, *_) = await shelves.waiting("loss_report")
    said = RemindTask(command_id="r-1", actor=NURSE, approval_id=owed.approval_id)

    for _ in range(2):
        await shelves.handle.execute_update("remind_task", said, result_type=CabinetReceipt)

    await shelves.env.sleep(timedelta(minutes=5))
    told = [n for n in shelves.outside.sent if n.facts.get("reminded_by") == "nurse"]
    assert [(n.template, n.facts["task_id"]) for n in told] == [("task_reminder", owed.approval_id)]


# -- in and out -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["waste_stock", "return_stock", "report_loss"])
@pytest.mark.parametrize(
    ("witness", "code"),
    [
        (None, "witness_missing"),
        (Actor(id="rn-quill", role=Role.NURSE), "witness_same_person"),
        (COORDINATOR, "witness_not_licensed"),
    ],
)
async def test_edge_30_nothing_leaves_without_a_second_licensed_person(
    shelves: Shelves, kind: str, witness: Actor | None, code: str
) -> None:
    await shelves.receive(500)
    reason = {"waste_stock": "why", "return_stock": "returned_to", "report_loss": "reason"}[kind]
    said = {"lot": LOT, "amount_mg": 10, reason: "expired", "witness": witness, "actor": NURSE}

    assert await refusal(shelves.say(kind, **said)) == [code]
    assert await shelves.lines() == [("received",)]


async def test_edge_31_a_broken_vial_is_wasted_before_a_witness_and_no_theft(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)

    await shelves.say("waste_stock", lot=LOT, amount_mg=500, why="breakage", witness=WITNESS)

    assert (await shelves.lines("movement", "reason", "witness_id"))[-1] == (
        "wasted", "breakage", "rn-halloran",
    )  # fmt: skip
    assert await shelves.waiting("loss_report") == []
    assert (await shelves.count(None)).closed


async def test_more_than_there_is_cannot_leave_and_the_same_command_stays_refused(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    much = {"lot": LOT, "amount_mg": 600, "why": "expired", "witness": WITNESS, "command_id": "w"}

    assert await refusal(shelves.say("waste_stock", **much)) == ["more_than_on_hand"]
    await shelves.receive(500)

    assert await refusal(shelves.say("waste_stock", **much)) == ["more_than_on_hand"]
    assert (await shelves.book()).on_hand_mg == 1000


async def test_two_at_once_cannot_both_take_what_is_there_once(shelves: Shelves) -> None:
    await shelves.receive(500)
    most = {"lot": LOT, "amount_mg": 400, "why": "expired", "witness": WITNESS}

    both = await asyncio.gather(
        *(shelves.say("waste_stock", **most) for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in both) == ["CabinetReceipt", "Refused"]
    assert (await shelves.book()).on_hand_mg == 100


async def test_edge_32_expired_stock_is_not_taken_in(shelves: Shelves) -> None:
    yesterday = (await shelves.view()).now.date() - timedelta(days=2)

    assert await refusal(shelves.receive(500, expires_on=yesterday)) == ["lot_expired"]


async def test_stock_from_before_the_log_is_counted_before_a_witness(shelves: Shelves) -> None:
    assert await refusal(shelves.receive(500, opening=True)) == ["witness_missing"]

    await shelves.receive(500, opening=True, witness=WITNESS)

    assert await shelves.lines() == [("opening",)]


async def test_edge_26_a_receipt_sent_twice_comes_in_once(shelves: Shelves) -> None:
    first = await shelves.receive(500, command_id="delivery-44")
    again = await shelves.receive(500, command_id="delivery-44")

    assert (first.duplicate, again.duplicate) == (False, True)
    assert (await shelves.book()).on_hand_mg == 500


async def test_edge_26_a_write_whose_answer_was_lost_is_not_done_again(shelves: Shelves) -> None:
    shelves.line.answers_lost = 3

    await shelves.receive(500)

    assert await shelves.lines() == [("received",)]
    assert (await shelves.book()).on_hand_mg == 500


async def test_nobody_is_answered_while_the_record_is_away(shelves: Shelves) -> None:
    await shelves.receive(500)
    shelves.line.away = True

    blocking = asyncio.create_task(shelves.say("recall_lot", lot=LOT, reason="particles"))
    done, _ = await asyncio.wait([blocking], timeout=1)
    before = await shelves.standing()
    shelves.line.away = False
    await blocking

    assert not done
    assert (before.usable, (await shelves.standing()).usable) == (True, False)


async def test_fifteen_at_once_each_count_once_in_one_order(shelves: Shelves) -> None:
    await shelves.receive(500)
    small = {"lot": LOT, "amount_mg": 10, "why": "expired", "witness": WITNESS}

    await asyncio.gather(*(shelves.say("waste_stock", **small) for _ in range(15)))

    assert (await shelves.book()).on_hand_mg == 350
    assert (await shelves.count(350)).closed


async def test_a_coordinator_touches_no_stock(shelves: Shelves) -> None:
    assert await refusal(shelves.receive(500, actor=COORDINATOR)) == ["wrong_role"]


# -- recall and incident --------------------------------------------------------------------------


async def test_edge_32_a_recall_blocks_the_lot_and_lists_everybody_exposed(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.dose(DAY_1, drawn(50), given(35, 15))
    await shelves.dose(DAY_2, drawn(50))
    await shelves.dose("journey-plum-infusion-1", drawn(50, lot="KET-9"))
    assert (await shelves.standing()).usable

    receipt = await shelves.say("recall_lot", lot=LOT.lower(), reason="particles, notice 77")

    assert receipt.exposed == ("journey-mauve", "journey-tangerine")
    assert [r.code for r in (await shelves.standing()).reasons] == ["lot_recalled"]
    (asked,) = await shelves.waiting("lot_recall")
    assert asked.owed_to is Role.MEDICAL_DIRECTOR
    assert "2 patients" in asked.title


async def test_edge_32_a_recalled_lot_stays_blocked_when_the_director_has_seen_to_it(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.say("recall_lot", lot=LOT, reason="particles")

    await shelves.decide("lot_recall", DIRECTOR)

    assert await shelves.waiting("lot_recall") == []
    assert not (await shelves.standing()).usable


async def test_edge_29_an_incident_freezes_the_lot_until_two_people_release_it(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)

    await shelves.say("freeze_lot", lot=LOT, incident="labels of two vials differ")

    assert [r.code for r in (await shelves.standing()).reasons] == ["lot_frozen"]
    discarded = {"lot": LOT, "amount_mg": 10, "why": "expired", "witness": WITNESS}
    assert await refusal(shelves.say("waste_stock", **discarded)) == ["lot_frozen"]
    await shelves.decide("lot_release", DIRECTOR)
    assert not (await shelves.standing()).usable
    await shelves.decide("lot_release", PRESCRIBER)
    await shelves.receive(1, lot="KET-9")  # an answered command: what came before is on record
    assert (await shelves.standing()).usable


async def test_edge_29_whoever_froze_a_lot_does_not_release_it(shelves: Shelves) -> None:
    await shelves.receive(500)
    await shelves.say("freeze_lot", lot=LOT, incident="wrong patient", actor=PRESCRIBER)
    (asked,) = await shelves.waiting("lot_release")

    own = shelves.say(
        "decide_approval",
        approval_id=asked.approval_id,
        decision="approve",
        reason="fine",
        actor=PRESCRIBER,
    )

    assert "own_request" in await refusal(own)


async def test_edge_29_a_declined_release_leaves_the_lot_frozen_and_may_be_asked_again(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.say("freeze_lot", lot=LOT, incident="wrong dose")
    (asked,) = await shelves.waiting("lot_release")
    await shelves.say(
        "decide_approval", approval_id=asked.approval_id, decision="decline", reason="not yet"
    )
    assert not (await shelves.standing()).usable

    await shelves.say("unfreeze_lot", lot=LOT, reason="the maker answered")

    assert len(await shelves.waiting("lot_release")) == 1
    assert await refusal(shelves.say("unfreeze_lot", lot=LOT, reason="soon?")) == ["already_asked"]
    assert await refusal(shelves.say("unfreeze_lot", lot="KET-9", reason="?")) == ["not_frozen"]


# -- from run to run ------------------------------------------------------------------------------


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


async def test_a_command_refused_at_the_door_is_not_even_accepted(shelves: Shelves) -> None:
    await refusal(shelves.count(500, second=NURSE))

    kinds = {event.event_type async for event in shelves.handle.fetch_history_events()}

    assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED not in kinds


async def test_what_cannot_be_read_is_kept_in_sight(shelves: Shelves) -> None:
    await shelves.handle.signal("command_submitted", "no envelope at all")
    await shelves.receive(500)

    assert (await shelves.view()).dead_letter_count == 1
    assert EventKind.MESSAGE_DEAD_LETTERED.value in await shelves.kinds()


async def test_the_cabinet_runs_in_the_strict_sandbox(
    time_skipping: WorkflowEnvironment, pool: asyncpg.Pool
) -> None:
    async with shelves_at_work(time_skipping, pool, strict=True) as shelves:
        await shelves.open()
        await shelves.receive(500)
        await refusal(shelves.count(450))
        await shelves.decide("substance_variance", NURSE, PRESCRIBER, choice="unexplained_loss")

        assert (await shelves.count(450)).closed
