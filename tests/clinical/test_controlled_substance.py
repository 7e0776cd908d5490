"""Controlled substance: drawn = given + wasted before a witness, and every lot adds up."""

from datetime import UTC, datetime

import pytest

from clinical.controlled_substance import (
    WITNESSES,
    balance,
    judge_waste,
    judge_witness,
    loss_deadlines,
)
from clinical.parameters import Parameters
from schemas.base import Actor, Role
from schemas.controlled_substance import StockEntry, StockMovement, Waste
from schemas.protocol import Clinic

P = Parameters.default()
NURSE = Actor(id="rn-quill", role=Role.NURSE)
OTHER = Actor(id="rn-abara", role=Role.NURSE)
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")


@pytest.mark.parametrize(
    ("drawn", "given", "wasted", "witness", "codes"),
    [
        (50, 35, 15, OTHER, []),
        (50, 35, 14.5, OTHER, []),
        (50, 35, 14.4, OTHER, ["waste_variance"]),
        (50, 35, 15.6, OTHER, ["waste_variance"]),
        (35, 35, None, None, []),
        (50, 35, None, None, ["waste_variance"]),
        (50, 35, 15, None, ["witness_missing"]),
        (50, 35, 15, NURSE, ["witness_same_person"]),
        (50, 35, 15, Actor(id="cc", role=Role.CARE_COORDINATOR), ["witness_not_licensed"]),
    ],
)
def test_a_dose_reconciles_before_a_witness(
    drawn: float, given: float, wasted: float | None, witness: Actor | None, codes: list[str]
) -> None:
    waste = None if wasted is None else Waste(wasted_mg=wasted, witness=witness)

    assert [r.code for r in judge_waste(drawn, given, waste, NURSE, P)] == codes


def entry(movement: StockMovement, amount: float, **facts: object) -> StockEntry:
    return StockEntry.model_validate(
        {"lot": "KET-1", "movement": movement, "amount_mg": amount, **facts}
    )


@pytest.mark.parametrize("role", Role)
def test_whoever_wastes_never_witnesses_it_in_any_pair_of_roles(role: Role) -> None:
    one = Actor(id="rn-quill", role=role)
    same = {other: judge_witness(Actor(id="rn-quill", role=other), one) for other in Role}
    second = {other: judge_witness(Actor(id="rn-abara", role=other), one) for other in Role}

    assert {reason.code for reasons in same.values() for reason in reasons} == {
        "witness_same_person"
    }
    assert all(same.values())
    assert {other for other, reasons in second.items() if not reasons} == set(WITNESSES)


SHIFT = (
    entry(StockMovement.OPENING, 1000),
    entry(StockMovement.RECEIVED, 500),
    entry(StockMovement.ADMINISTERED, 210),
    entry(StockMovement.WASTED, 90, actor=NURSE, witness=OTHER),
    entry(StockMovement.RETURNED, 100),
)


@pytest.mark.parametrize(
    ("counted", "closes", "codes"),
    [
        (1100, True, []),
        (1100.5, True, []),
        (1099.5, True, []),
        (1099.4, False, ["variance"]),
        (1100.6, False, ["variance"]),
        (None, False, ["not_counted"]),
    ],
)
def test_edge_30_a_count_that_differs_blocks_the_close(
    counted: float | None, closes: bool, codes: list[str]
) -> None:
    result = balance("KET-1", SHIFT, counted, P)

    assert result.expected_mg == 1100
    assert (result.closes, [r.code for r in result.reasons]) == (closes, codes)


def test_edge_31_a_broken_vial_with_a_witness_is_no_loss() -> None:
    broken = entry(StockMovement.WASTED, 500, actor=NURSE, witness=OTHER)
    alone = entry(StockMovement.WASTED, 500, actor=NURSE)

    assert balance("KET-1", (*SHIFT, broken), 600, P).closes
    assert not balance("KET-1", (*SHIFT, alone), 600, P).closes


def test_another_lots_entries_are_not_its_own() -> None:
    other = SHIFT[0].model_copy(update={"lot": "KET-2"})

    assert balance("KET-1", (*SHIFT, other), 1100, P).expected_mg == 1100


def test_more_out_than_in_is_refused() -> None:
    result = balance("KET-1", (entry(StockMovement.ADMINISTERED, 35),), -35, P)

    assert [r.code for r in result.reasons] == ["below_zero"]


def test_edge_30_an_unexplained_loss_starts_the_clock_of_one_business_day() -> None:
    deadlines = loss_deadlines(datetime(2027, 1, 15, 21, 0, tzinfo=UTC), NORTH, P)

    by = {deadline.to: deadline.by for deadline in deadlines}
    assert by["dea_field_division"] == datetime(2027, 1, 19, 21, 0, tzinfo=UTC)


def test_a_variance_of_exactly_the_tolerance_closes_whatever_the_fractions_make() -> None:
    opening = StockEntry(
        lot="KET-2231",
        movement="opening",
        amount_mg=100.1,
        at=datetime(2027, 3, 3, tzinfo=UTC),
        actor=NURSE,
    )

    assert balance("KET-2231", (opening,), 100.6, P).closes
    assert not balance("KET-2231", (opening,), 100.7, P).closes
