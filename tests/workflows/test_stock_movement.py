"""What comes in and goes out: before a witness, once, and never more than there is."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy

from records.stock import StockStore
from schemas.base import Actor, Role
from schemas.drug_cabinet import StockRequest
from tests.workflows.cabinets import (
    COORDINATOR,
    DIRECTOR,
    LOT,
    NURSE,
    PRESCRIBER,
    WITNESS,
    Shelves,
    refusal,
)

GONE = {"reason": "not found", "witness": WITNESS}


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


@pytest.mark.usefixtures("impatient")
async def test_nobody_is_answered_while_the_record_is_away(shelves: Shelves) -> None:
    """Neither whoever finds it away nor whoever comes later: what is not on record was not done."""
    await shelves.receive(500)
    shelves.line.away = True

    told = [asyncio.create_task(shelves.say("recall_lot", lot=LOT, reason="particles"))]
    await shelves.found_away()
    told += [
        asyncio.create_task(shelves.say("freeze_lot", lot=LOT, incident="two labels")),
        asyncio.create_task(shelves.receive(10)),
        asyncio.create_task(shelves.say("report_loss", lot=LOT, amount_mg=1, **GONE)),
        asyncio.create_task(shelves.count(500)),
    ]
    done, _ = await asyncio.wait(told, timeout=2)
    before = await shelves.standing()
    shelves.line.away = False
    await asyncio.gather(*told, return_exceptions=True)

    assert not done
    assert (before.usable, (await shelves.standing()).usable) == (True, False)


@pytest.mark.usefixtures("impatient")
async def test_two_who_wait_for_the_record_cannot_both_take_what_is_there_once(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    most = {"lot": LOT, "amount_mg": 400, "why": "expired", "witness": WITNESS}
    shelves.line.away = True

    both = [asyncio.create_task(shelves.say("waste_stock", **most))]
    await shelves.found_away()
    both.append(asyncio.create_task(shelves.say("waste_stock", **most)))
    done, _ = await asyncio.wait(both, timeout=2)
    shelves.line.away = False
    answers = await asyncio.gather(*both, return_exceptions=True)

    assert not done
    assert sorted(type(each).__name__ for each in answers) == ["CabinetReceipt", "Refused"]
    assert (await shelves.book()).on_hand_mg == 100


@pytest.mark.usefixtures("impatient")
async def test_what_was_kept_while_the_record_was_away_is_answered_under_its_number(
    shelves: Shelves,
) -> None:
    """As the front desk does it: nobody answered in time, so the command is left, and asked for
    again later."""
    shelves.line.away = True
    first = asyncio.create_task(shelves.receive(500, command_id="delivery-46"))
    await shelves.found_away()
    again = asyncio.create_task(shelves.receive(500, command_id="delivery-46"))
    done, _ = await asyncio.wait([first, again], timeout=2)

    shelves.line.away = False

    assert not done
    assert [r.duplicate for r in await asyncio.gather(first, again)] == [False, True]
    assert await shelves.lines() == [("received",)]


async def test_a_log_that_could_not_be_read_is_said_again_and_never_taken_for_a_yes(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelves.receive(500)
    broken = {"lot": LOT, "amount_mg": 10, "why": "breakage", "witness": WITNESS}
    monkeypatch.setattr("workflows.cabinet.RECORDS_RETRY", RetryPolicy(maximum_attempts=1))
    with monkeypatch.context() as unreadable:
        unreadable.setattr(StockStore, "read_stock", _unreadable)
        said = shelves.say("waste_stock", **broken, command_id="vial-1")
        assert await refusal(said) == ["log_unreadable"]

    said = shelves.say("waste_stock", **broken, command_id="vial-1")
    assert await refusal(said) == ["log_unreadable"]
    assert (await shelves.book()).on_hand_mg == 500


async def _unreadable(_store: StockStore, _asked: StockRequest) -> None:
    raise ValueError


async def test_a_vote_is_answered_once_what_it_decided_is_on_record(shelves: Shelves) -> None:
    await shelves.receive(500)
    await shelves.say("freeze_lot", lot=LOT, incident="labels of two vials differ")
    await shelves.decide("lot_release", DIRECTOR)

    await shelves.decide("lot_release", PRESCRIBER)

    assert (await shelves.standing()).usable


async def test_fifteen_at_once_each_count_once_in_one_order(shelves: Shelves) -> None:
    await shelves.receive(500)
    small = {"lot": LOT, "amount_mg": 10, "why": "expired", "witness": WITNESS}

    await asyncio.gather(*(shelves.say("waste_stock", **small) for _ in range(15)))

    assert (await shelves.book()).on_hand_mg == 350
    assert (await shelves.count(350)).closed


async def test_a_coordinator_touches_no_stock(shelves: Shelves) -> None:
    assert await refusal(shelves.receive(500, actor=COORDINATOR)) == ["wrong_role"]
