"""What a parameter of treatment is: its value, its unit, its source, and who may change it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from schemas.protocol import ParameterValue

COUNTED = frozenset(
    {"count", "score", "sessions", "infusion", "infusions", "assessments", "per_week", "mmHg",
     "bpm", "per_min", "business_days", "months", "years",
     "hour_of_day"}
)  # fmt: skip
"""Units whose values are whole numbers."""

MARKS = ("D", "K-", "K", "V")
"""Confidence, weakest first: design default, lower confidence, established, verified."""


class Change(StrEnum):
    """Who may change a parameter: nobody, a clinic but only stricter, or a clinic freely."""

    NO = "no"
    TIGHTEN = "tighten"
    YES = "yes"


class Tighter(StrEnum):
    """Which way is stricter."""

    LOWER = "lower"
    HIGHER = "higher"


class ValueKind(StrEnum):
    """The shape of a value. `steps`: texts such as `7x4`, four sessions 7 days apart."""

    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    CHOICE = "choice"
    NUMBERS = "numbers"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number or choice a clinic's medical director signs for.

    `low`..`high`: the range a clinic may choose from, both ends included. `allowed`: the choices,
    loosest first. `sign`: how a measured value is compared with it. `mark`: the weakest mark of
    its source; a `D` is a design default that needs the medical director's approval.
    """

    name: str
    default: ParameterValue
    unit: str
    source: str
    mark: str
    change: Change
    kind: ValueKind
    tighter: Tighter | None = None
    low: float | None = None
    high: float | None = None
    allowed: tuple[float | str, ...] = ()
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Freedom:
    """A row's last column in the tables: who may change it and which way is stricter."""

    change: Change
    tighter: Tighter | None = None


FIXED = Freedom(Change.NO)
FREE = Freedom(Change.YES)
LOWER = Freedom(Change.TIGHTEN, Tighter.LOWER)
HIGHER = Freedom(Change.TIGHTEN, Tighter.HIGHER)


def row(  # noqa: PLR0917 - a row reads across, like the table it is taken from
    name: str,
    default: ParameterValue,
    unit: str,
    source: str,
    freedom: Freedom,
    low: float | None = None,
    high: float | None = None,
    *,
    allowed: tuple[float | str, ...] = (),
    sign: str = "",
) -> Parameter:
    """One row of a parameter table; the kind follows from the default and the unit."""
    return Parameter(
        name, default, unit, source, weakest_mark(source), freedom.change,
        kind_of(default, unit), freedom.tighter, low, high, allowed, sign,
    )  # fmt: skip


def weakest_mark(source: str) -> str:
    """The least certain mark in a source text, so that no reader trusts a value too much."""
    found = {m.split(":")[0].split()[0] for m in re.findall(r"\[([VKD][^\]]*)\]", source)}
    return next((mark for mark in MARKS if mark in found), "D")


def kind_of(default: ParameterValue, unit: str) -> ValueKind:
    """The shape of a value, from its default and unit."""
    match default:
        case bool():
            return ValueKind.FLAG
        case str():
            return ValueKind.CHOICE
        case tuple():
            texts = any(isinstance(item, str) for item in default)
            return ValueKind.STEPS if texts else ValueKind.NUMBERS
        case _:
            return ValueKind.INTEGER if unit in COUNTED else ValueKind.NUMBER
