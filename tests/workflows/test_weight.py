"""The weight of a treatment day: today's, whichever reading it came with (4.1, 11.12, 11.13)."""

from typing import Any

from simulator import papers
from tests.workflows.bare_chair import BareChair


def order(chair: BareChair, **changes: Any) -> list[str]:
    fields = {"dose_mg": papers.DOSE_MG, "duration_min": 40, **changes}
    return [reason.code for reason in chair.give("order_dose", **fields).missing]


def arrived(**plan: Any) -> BareChair:
    chair = BareChair(**plan)
    chair.arrive()
    return chair


def test_edge_12_a_weight_that_voids_an_order_voids_it_also_after_a_reading_without_one() -> None:
    chair = arrived()
    order(chair, weight_kg=papers.WEIGHT_KG)
    chair.read(weight_kg=62)
    assert "order_voided_by_weight" in chair.waits()

    chair.read()

    assert "order_voided_by_weight" in chair.waits()
    assert "order_voided_by_weight" in chair.refused("start_dosing", **chair.draws())


def test_edge_13_a_weight_read_in_pounds_stays_doubted_until_a_second_person_confirms_it() -> None:
    chair = arrived()
    chair.read(weight_kg=154)
    chair.read()

    assert "weight_second_person" in order(chair, weight_kg=None)


def test_edge_12_an_infusion_whose_order_names_no_weight_waits_for_todays() -> None:
    chair = arrived()
    chair.read()
    assert order(chair, weight_kg=None) == ["weight_missing"]

    chair.read(weight_kg=papers.WEIGHT_KG)

    assert chair.waits() == {}


def test_edge_12_an_order_without_a_weight_is_for_the_one_it_was_judged_by() -> None:
    chair = arrived()
    chair.read(weight_kg=papers.WEIGHT_KG)
    assert order(chair, weight_kg=None) == []

    chair.read(weight_kg=62)

    assert "order_voided_by_weight" in chair.waits()
