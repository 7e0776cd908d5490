"""Controlled substance accountability: lots, what was drawn, given and wasted, and the witness."""

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.base import Actor, Code, Value


class DrugLot(Value):
    """The vial or device drawn from."""

    lot: Code
    expires_on: date | None = None
    product: Code = "ketamine"


class Waste(Value):
    """What was discarded, in mg, and the second person who saw it."""

    wasted_mg: Annotated[float, Field(ge=0, le=1_000)]
    witness: Actor | None = None
