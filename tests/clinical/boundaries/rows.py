"""What every table of boundary values is made of: a row, its two sides, the moved protocol.

One row is a parameter, how a measured value is compared with it, and a question put to the very
decision that the workflows call. The question is asked just under, at and just over the value, in
the standard protocol and in that of a clinic which has moved the value by one step.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinical.parameter_kind import Tighter
from clinical.parameters import PARAMETERS, Parameters
from schemas.base import Actor, Role
from schemas.protocol import Clinic, ParameterValue
from schemas.reevaluation import Instrument, Score
from schemas.screening import Modality

T0 = datetime(2027, 3, 3, 15, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning at the clinic; no holiday in the four weeks after it."""

P = Parameters.default()
IV, SPRAY = Modality.IV_KETAMINE, Modality.ESKETAMINE
NURSE = Actor(id="rn-quill", role=Role.NURSE)
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")

Fires = Callable[[float, Parameters], bool]
"""Whether a rule fires on a measured value, in the parameter's own unit."""

SIDES: dict[str, tuple[bool, bool, bool]] = {
    ">": (False, False, True),
    ">=": (False, True, True),
    "<": (True, False, False),
    "<=": (True, True, False),
    "==": (False, True, False),
    "!=": (True, False, True),
}
"""What each comparison says just under, at and just over its value."""


@dataclass(frozen=True)
class Row:
    """`step`: the smallest difference that must decide. `place`: which number of a list."""

    name: str
    sign: str
    step: float
    fires: Fires
    place: int | None = None

    def label(self) -> str:
        """The parameter, with the place of a number in a list."""
        return self.name if self.place is None else f"{self.name}[{self.place}]"

    def standard(self) -> float:
        """The value in the standard protocol."""
        return _number(PARAMETERS[self.name].default, self.place)

    def moved(self) -> float:
        """The value one step to the stricter side, else one that the range allows."""
        parameter, default = PARAMETERS[self.name], self.standard()
        if parameter.allowed:
            others = (float(word) for word in parameter.allowed if word != default)
            return next(others)
        up, down = round(default + self.step, 6), round(default - self.step, 6)
        low = self.step if parameter.low is None else parameter.low
        lower = parameter.tighter is Tighter.LOWER or (parameter.tighter is None and down >= low)
        return down if lower else up

    def expected(self, at: float) -> dict[float, bool]:
        """What the rule must say just under, at and just over `at`."""
        values = (round(at - self.step, 6), at, round(at + self.step, 6))
        return dict(zip(values, SIDES[self.sign], strict=True))

    def answers(self, at: float) -> dict[float, bool]:
        """What the rule says there under a protocol whose value is `at`."""
        value: ParameterValue = at
        if self.place is not None:
            value = _placed(PARAMETERS[self.name].default, self.place, at)
        p = Parameters({**P.values, self.name: value})
        return {measured: bool(self.fires(measured, p)) for measured in self.expected(at)}


def both(table: Iterable[Row]) -> list[Any]:
    """Every row under the standard protocol and under the moved one."""
    return [
        pytest.param(row, at, id=f"{row.label()}-{protocol}")
        for row in table
        for protocol, at in (("standard", row.standard()), ("moved", row.moved()))
    ]


def _number(value: ParameterValue, place: int | None) -> float:
    return float(str(value[place] if isinstance(value, tuple) and place is not None else value))


def _placed(value: ParameterValue, place: int, at: float) -> ParameterValue:
    assert isinstance(value, tuple)
    return tuple(at if n == place else float(item) for n, item in enumerate(value))


def under(fires: Fires, **words: ParameterValue) -> Fires:
    """The same question under a protocol that also says this; `__` stands for the dot."""
    named = {name.replace("__", "."): value for name, value in words.items()}
    return lambda value, p: fires(value, Parameters({**p.values, **named}))


# -- measured values ---------------------------------------------------------------------------


def length(name: str, value: float) -> timedelta:
    """A measured time, in the unit of that parameter."""
    unit = {"min": "minutes", "s": "seconds"}.get(PARAMETERS[name].unit, PARAMETERS[name].unit)
    return timedelta(**{unit: value})


def reached(name: str, moment: Callable[[Parameters], datetime]) -> Fires:
    """Whether so long after T0 the moment has come that a rule names."""
    return lambda value, p: moment(p) <= T0 + length(name, value)


def lasts(name: str, span: Callable[[Parameters], timedelta | None]) -> Fires:
    """Whether a length of time is at least what a rule allows."""
    return lambda value, p: (span(p) or timedelta.max) <= length(name, value)


def ago(name: str) -> Callable[[float], datetime]:
    """The moment so long before T0."""
    return lambda value: T0 - length(name, value)


def filled(facts: dict[str, Any], value: float) -> dict[str, Any]:
    """Facts in which every function has been asked with the measured value."""
    return {name: fact(value) if callable(fact) else fact for name, fact in facts.items()}


def codes(reasons: Iterable[Any]) -> set[str]:
    """The codes of reasons, of whatever kind."""
    return {reason.code for reason in reasons}


def texts(reasons: Iterable[Any]) -> str:
    """The words of all reasons."""
    return " ".join(reason.text for reason in reasons)


def score(instrument: Instrument, total: float, item: int | None = None) -> Score:
    """A score of this moment."""
    return Score(instrument=instrument, total=total, taken_at=T0, suicidality=item)
