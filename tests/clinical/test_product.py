"""No product is given for another: a compounded one needs its own order and its own consent."""

import pytest

from clinical.product import consented_to_compounded
from schemas.infusion import Readiness
from tests.clinical.treatment_day import codes, judged

CONSENTED = {"compounded_consented": True}
COMPOUNDED = {"compounded": True}


def starting(**changes: object) -> Readiness:
    return judged(starting=True, **changes)


def test_edge_32_a_compounded_lot_is_not_drawn_on_an_order_for_the_approved_product() -> None:
    assert codes(starting(plan_=CONSENTED, lot_=COMPOUNDED)) == ["product_not_ordered"]


def test_edge_32_a_compounded_product_is_given_on_its_own_order_and_consent() -> None:
    assert starting(plan_=CONSENTED, order_=COMPOUNDED, lot_=COMPOUNDED).ready


def test_edge_32_an_order_for_a_compounded_product_needs_the_patients_consent_to_it() -> None:
    assert codes(judged(order_=COMPOUNDED, lot=None)) == ["compounded_not_consented"]


def test_edge_32_the_approved_product_is_no_substitute_for_a_compounded_one_either() -> None:
    assert codes(starting(plan_=CONSENTED, order_=COMPOUNDED)) == ["product_not_ordered"]


@pytest.mark.parametrize(
    ("ordered", "drawn", "missing"),
    [
        ("ketamine", "ketamine", []),
        (None, "ketamine", []),
        ("ketamine", "s-ketamine", ["product_not_ordered"]),
    ],
)
def test_edge_32_an_order_that_names_a_product_is_for_no_other(
    ordered: str | None, drawn: str, missing: list[str]
) -> None:
    assert codes(starting(order_={"product": ordered}, lot_={"product": drawn})) == missing


def test_a_consent_covers_a_compounded_product_only_where_it_was_explained() -> None:
    assert consented_to_compounded(("status", "compounded_product"))
    assert not consented_to_compounded(("status",))
