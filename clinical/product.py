"""Which product is given: the one that was ordered and consented to, never another for it (11.32).

A compounded product is not an approved one at another price: a new order names it, and the patient
has consented to it in words of its own (section 3, `status`). The consent's element is ours [D].
"""

from collections.abc import Iterable

from schemas.base import Role
from schemas.controlled_substance import DrugLot
from schemas.infusion import Missing, OrderDose, SessionPlan

COMPOUNDED_EXPLAINED = "compounded_product"
"""The consent's element that says: this is compounded, and no authority has evaluated it."""


def consented_to_compounded(elements: Iterable[str]) -> bool:
    """Whether a consent with these elements covers a compounded product (section 3)."""
    return COMPOUNDED_EXPLAINED in set(elements)


def missing_product(
    plan: SessionPlan, order: OrderDose | None, lot: DrugLot | None
) -> list[Missing]:
    """What stands against the product that is ordered, and against the one that is drawn (11.32).
    An order that names no product is for whichever approved one the clinic has."""
    if order is None:
        return []
    found = []
    if order.compounded and not plan.compounded_consented:
        text = "The patient's consent to a compounded product: a new consent first."
        found.append(_missing("compounded_not_consented", text))
    if lot is not None and not _as_ordered(order, lot):
        text = "What is drawn is not the product that was ordered: a new order first."
        found.append(_missing("product_not_ordered", text))
    return found


def _as_ordered(order: OrderDose, lot: DrugLot) -> bool:
    return order.compounded == lot.compounded and order.product in {None, lot.product}


def _missing(code: str, text: str) -> Missing:
    return Missing(code=code, text=text, supplied_by=Role.PRESCRIBER)
