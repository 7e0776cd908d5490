"""What comes in and goes out: before a witness, once, and never more than there is."""

import asyncio
from datetime import timedelta

import pytest

from schemas.base import Actor, Role
from tests.workflows.cabinets import COORDINATOR, LOT, NURSE, WITNESS, Shelves, refusal


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
