"""Controlled substance accountability: lots, what was drawn, given and wasted, and the witness."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Actor, Code, Instant, Reason, Value


class DrugLot(Value):
    """The vial or device drawn from. `compounded`: a compounding pharmacy made it."""

    lot: Code
    expires_on: date | None = None
    product: Code = "ketamine"
    compounded: bool = False


class Waste(Value):
    """What was discarded, in mg, and the second person who saw it."""

    wasted_mg: Annotated[float, Field(ge=0, le=1_000)]
    witness: Actor | None = None


class StockMovement(StrEnum):
    """What can happen to stock. Only `opening`, `received` and `corrected_up` add to it; `drawn`
    takes out of the cabinet what is then given or wasted. `counted`, `recalled`, `frozen` and
    `released` stand in the log of a lot and move nothing."""

    OPENING = "opening"
    RECEIVED = "received"
    DRAWN = "drawn"
    ADMINISTERED = "administered"
    WASTED = "wasted"
    RETURNED = "returned"
    LOST = "lost"
    CORRECTED_UP = "corrected_up"
    CORRECTED_DOWN = "corrected_down"
    COUNTED = "counted"
    RECALLED = "recalled"
    FROZEN = "frozen"
    RELEASED = "released"


class StockEntry(Value):
    """One line of the log of one lot, in mg. `of_draw`: given, wasted or lost out of what was
    drawn before, so that the cabinet does not lose it a second time."""

    lot: Code
    movement: StockMovement
    amount_mg: Annotated[float, Field(ge=0, le=1_000_000)]
    at: Instant | None = None
    actor: Actor | None = None
    witness: Actor | None = None
    of_draw: bool = False


class Balance(Value):
    """One lot at the end of a shift, in mg. `variance_mg`: counted minus expected.
    `closes`: whether the shift may close on it."""

    lot: Code
    expected_mg: float
    counted_mg: float | None
    variance_mg: float | None
    closes: bool
    reasons: tuple[Reason, ...] = ()
