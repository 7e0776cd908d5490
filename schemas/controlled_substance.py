"""Controlled substance accountability: lots, what was drawn, given and wasted, and the witness."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Actor, Code, Instant, Reason, Value


class DrugLot(Value):
    """The vial or device drawn from."""

    lot: Code
    expires_on: date | None = None
    product: Code = "ketamine"


class Waste(Value):
    """What was discarded, in mg, and the second person who saw it."""

    wasted_mg: Annotated[float, Field(ge=0, le=1_000)]
    witness: Actor | None = None


class StockMovement(StrEnum):
    """What can happen to stock. Only `opening` and `received` add to it."""

    OPENING = "opening"
    RECEIVED = "received"
    ADMINISTERED = "administered"
    WASTED = "wasted"
    RETURNED = "returned"
    LOST = "lost"


class StockEntry(Value):
    """One line of the log of one lot, in mg."""

    lot: Code
    movement: StockMovement
    amount_mg: Annotated[float, Field(ge=0, le=1_000_000)]
    at: Instant | None = None
    actor: Actor | None = None
    witness: Actor | None = None


class Balance(Value):
    """One lot at the end of a shift, in mg. `variance_mg`: counted minus expected.
    `closes`: whether the shift may close on it."""

    lot: Code
    expected_mg: float
    counted_mg: float | None
    variance_mg: float | None
    closes: bool
    reasons: tuple[Reason, ...] = ()
