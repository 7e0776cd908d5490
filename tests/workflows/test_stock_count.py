"""A shift is counted by two and closed when it adds up; what does not is settled by two people."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from temporalio.testing import WorkflowEnvironment

from schemas.approval import RemindTask
from schemas.base import Actor, Role
from schemas.drug_cabinet import CabinetReceipt, CountStock, LotCount
from tests.workflows.cabinets import (
    COORDINATOR,
    DAY_1,
    LOT,
    NURSE,
    PHARMACIST,
    PRESCRIBER,
    WITNESS,
    Shelves,
    drawn,
    given,
    over,
    refusal,
    shelves_at_work,
)


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
