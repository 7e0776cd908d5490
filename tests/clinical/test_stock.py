"""The drug cabinet: two count, a difference keeps the shift open, nothing leaves unseen."""

from datetime import date

import pytest

from clinical.parameters import Parameters
from clinical.stock import (
    incidents,
    judge_counters,
    judge_outgoing,
    judge_receipt,
    judge_shift,
    named,
    unexplained,
    ways_to_settle,
)
from schemas.base import Actor, Role
from schemas.controlled_substance import StockEntry
from schemas.drug_cabinet import LeftOver, LotBook, LotCount, WasteReason

P = Parameters.default()
NURSE = Actor(id="rn-quill", role=Role.NURSE)
PHARMACIST = Actor(id="rx-okonjo", role=Role.PHARMACIST)
DAY = "journey-mauve-infusion-1"


def entry(movement: str, mg: float, **more: object) -> StockEntry:
    said = {"lot": "KET-1", "movement": movement, "amount_mg": mg, **more}
    return StockEntry.model_validate(said)


def book(on_hand_mg: float = 450, **more: object) -> LotBook:
    opened = (entry("opening", on_hand_mg),)
    said = {"lot": "KET-1", "on_hand_mg": on_hand_mg, "entries": opened, **more}
    return LotBook.model_validate(said)


def count(mg: float, lot: str = "KET-1") -> LotCount:
    return LotCount(lot=lot, counted_mg=mg)


@pytest.mark.parametrize(
    ("second", "codes"),
    [
        (PHARMACIST, []),
        (NURSE, ["same_person"]),
        (Actor(id="rn-quill", role=Role.PHARMACIST), ["same_person"]),
        (Actor(id="cc-romero", role=Role.CARE_COORDINATOR), ["counter_not_licensed"]),
    ],
)
def test_edge_30_a_shift_is_counted_by_two_licensed_people(second: Actor, codes: list[str]) -> None:
    assert [r.code for r in judge_counters(NURSE, second)] == codes


@pytest.mark.parametrize(
    ("counted_mg", "codes"),
    [
        (450, []),
        (450.5, []),
        (449.5, []),
        (449.4, ["variance"]),
        (450.6, ["variance"]),
        (0, ["variance"]),
    ],
)
def test_edge_30_a_shift_closes_within_the_tolerance_and_not_beyond(
    counted_mg: float, codes: list[str]
) -> None:
    (judged,) = judge_shift([book()], [count(counted_mg)], P)

    assert [r.code for r in judged.reasons] == codes
    assert judged.closes is not codes


def test_what_is_drawn_and_not_yet_given_is_not_expected_in_the_cabinet() -> None:
    under_way = book(entries=(entry("opening", 500), entry("drawn", 50)))

    (judged,) = judge_shift([under_way], [count(450)], P)

    assert (judged.closes, judged.expected_mg) == (True, 450)


def test_what_is_given_out_of_a_draw_does_not_leave_the_cabinet_twice() -> None:
    moved = (
        entry("opening", 500),
        entry("drawn", 50),
        entry("administered", 35, of_draw=True),
        entry("wasted", 15, of_draw=True, actor=NURSE, witness=PHARMACIST),
    )

    (judged,) = judge_shift([book(entries=moved)], [count(450)], P)

    assert (judged.closes, judged.expected_mg) == (True, 450)


def test_a_lot_that_nobody_counted_keeps_the_shift_open_and_is_no_incident() -> None:
    balances = judge_shift([book()], [], P)

    assert [r.code for r in named(balances)] == ["not_counted"]
    assert incidents(balances) == {}


def test_a_lot_of_which_nothing_is_left_need_not_be_counted() -> None:
    assert judge_shift([book(0.3)], [], P) == ()


def test_a_counted_lot_that_the_log_has_never_seen_is_a_variance() -> None:
    balances = judge_shift([], [count(30, "KET-9")], P)

    assert named(balances)[0].fact == "KET-9: +30 mg"
    assert list(incidents(balances)) == ["KET-9"]


@pytest.mark.parametrize(
    ("left_mg", "over", "codes"),
    [
        (15, True, ["draw_unsettled"]),
        (-15, True, ["draw_unsettled"]),
        (0.5, True, []),
        (15, False, []),
    ],
)
def test_edge_30_a_syringe_left_over_from_a_day_that_ended_keeps_the_shift_open(
    left_mg: float, over: bool, codes: list[str]
) -> None:
    left = book(left_over=(LeftOver(session_id=DAY, amount_mg=left_mg, ended=over),))

    (judged,) = judge_shift([left], [count(450)], P)

    assert [r.code for r in judged.reasons] == codes
    assert len(unexplained(left, P)) == len(codes)


@pytest.mark.parametrize(
    ("held", "mg", "session", "why", "codes"),
    [
        (book(), 450.5, None, None, []),
        (book(), 450.6, None, None, ["more_than_on_hand"]),
        (None, 1, None, None, ["unknown_lot"]),
        (book(), 1, DAY, None, ["more_than_drawn"]),
        (book(left_over=(LeftOver(session_id=DAY, amount_mg=15),)), 15, DAY, None, []),
        (book(frozen=True), 1, None, None, ["lot_frozen"]),
        (book(frozen=True), 500, None, WasteReason.BREAKAGE, ["more_than_on_hand"]),
    ],
)
def test_no_more_leaves_a_lot_than_the_log_has(
    held: LotBook | None, mg: float, session: str | None, why: WasteReason | None, codes: list[str]
) -> None:
    assert [r.code for r in judge_outgoing(held, mg, session, P, why=why)] == codes


def test_edge_29_nothing_leaves_a_frozen_lot_but_what_breaks_or_is_left_in_a_syringe() -> None:
    frozen = book(frozen=True, left_over=(LeftOver(session_id=DAY, amount_mg=15),))

    assert judge_outgoing(frozen, 5, None, P, why=WasteReason.EXPIRED)
    assert not judge_outgoing(frozen, 5, None, P, why=WasteReason.BREAKAGE)
    assert not judge_outgoing(frozen, 5, DAY, P)


def test_edge_32_an_expired_lot_is_not_taken_in() -> None:
    last_day = date(2026, 11, 30)

    assert judge_receipt(last_day, last_day) == ()
    assert [r.code for r in judge_receipt(last_day, date(2026, 12, 1))] == ["lot_expired"]


def test_edge_30_only_what_is_missing_can_be_an_unexplained_loss() -> None:
    assert "unexplained_loss" in ways_to_settle(50, P)
    assert "unexplained_loss" not in ways_to_settle(0.5, P)
    assert "unexplained_loss" not in ways_to_settle(-50, P)
