"""Every number a clinical decision rests on, read by name and in its own unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import MappingProxyType

from clinical.parameter_kind import Change, Parameter, Tighter, ValueKind
from clinical.parameter_rules import RULES
from clinical.parameter_table import TABLE
from schemas.protocol import ParameterValue

__all__ = [
    "PARAMETERS", "Change", "Parameter", "Parameters", "Tighter", "ValueKind",
    "standard_protocol_values",
]  # fmt: skip

PARAMETERS: Mapping[str, Parameter] = MappingProxyType({p.name: p for p in (*TABLE, *RULES)})
"""Every parameter by name: section 13 of the clinical fact sheet, then the rules of its text."""

SECONDS: Mapping[str, float] = MappingProxyType(
    {"s": 1, "min": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
)
"""Units that are a fixed length of time. Months, years and business days are calendar terms."""


@dataclass(frozen=True)
class Parameters:
    """The values a journey is pinned to. A name it does not carry has the standard value: a
    journey begun under an older release carries fewer names. An unknown name is a programming
    error and raises `KeyError`."""

    values: Mapping[str, ParameterValue]
    _numbers: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)
    _durations: dict[str, timedelta] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def default(cls) -> "Parameters":
        """The standard values."""
        return _default()

    def raw(self, name: str) -> ParameterValue:
        """The value as it stands in the protocol, else the standard one."""
        value = self.values.get(name)
        return PARAMETERS[name].default if value is None else value

    def number(self, name: str) -> float:
        """A number, in the parameter's own unit."""
        known = self._numbers.get(name)
        if known is None:
            value = self.raw(name)
            if isinstance(value, str | tuple):
                raise TypeError(f"{name} is not a number")
            known = self._numbers[name] = float(value)
        return known

    def integer(self, name: str) -> int:
        """A whole number: counts, scores, mmHg, beats a minute."""
        return int(self.number(name))

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return bool(self.raw(name))

    def duration(self, name: str) -> timedelta:
        """A length of time, whatever its unit (seconds, minutes, hours, days, weeks)."""
        known = self._durations.get(name)
        if known is None:
            unit = PARAMETERS[name].unit
            if unit not in SECONDS:
                raise TypeError(f"{name} is in {unit}, which is no fixed length of time")
            known = timedelta(seconds=self.number(name) * SECONDS[unit])
            self._durations[name] = known
        return known

    def choice(self, name: str) -> str:
        """One of the allowed words."""
        return str(self.raw(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        """A list of numbers, in the parameter's own unit."""
        value = self.raw(name)
        items = value if isinstance(value, tuple) else (value,)
        return tuple(float(item) for item in items)

    def steps(self, name: str) -> tuple[tuple[int, int], ...]:
        """A list of (days apart, sessions), from texts such as `7x4`."""
        value = self.raw(name)
        items = value if isinstance(value, tuple) else (value,)
        pairs = (str(item).split("x") for item in items)
        return tuple((int(days), int(sessions)) for days, sessions in pairs)


@cache
def _default() -> Parameters:
    return Parameters(standard_protocol_values())


def standard_protocol_values() -> dict[str, ParameterValue]:
    """Every parameter at its standard value."""
    return {name: parameter.default for name, parameter in PARAMETERS.items()}
