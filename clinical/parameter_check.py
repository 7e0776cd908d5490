"""Whether a clinic may set a parameter to a value: its type, unit, range, and no relaxing."""

import math
import re
from collections.abc import Mapping

from clinical.parameter_kind import Change, Parameter, Tighter, ValueKind
from clinical.protocol_problem import RuleBroken
from schemas.protocol import ParameterValue

_QUANTITY = re.compile(r"^\s*([-+0-9.,\s]+?)\s*([A-Za-z_%][\w/%\s]*)?$")
_STEP = re.compile(r"([1-9][0-9]{0,2})x([1-9][0-9]?)")
_MOST_ITEMS = 12
_SAME_UNIT = {
    "hour": "hours", "h": "hours", "day": "days", "d": "days", "week": "weeks", "minutes": "min",
    "minute": "min", "seconds": "s", "year": "years", "month": "months", "%": "percent",
}  # fmt: skip

ORDERED: tuple[tuple[str, str], ...] = (
    ("bp.pre_sys_review", "bp.pre_sys_block"),
    ("bp.pre_dia_review", "bp.pre_dia_block"),
    ("bp.alert_sys", "bp.pause_sys"),
    ("bp.alert_dia", "bp.pause_dia"),
    ("bp.pause_sys", "bp.stop_sys"),
    ("bp.pause_dia", "bp.stop_dia"),
    ("spo2.stop", "spo2.alert"),
    ("sed.moaas_stop", "sed.moaas_pause"),
    ("iv.duration_min", "iv.duration"),
    ("iv.duration", "iv.duration_max"),
    ("iv.series_window", "iv.series_window_max"),
    ("iv.titration_step", "iv.titration_step_max"),
    ("iv.dose", "iv.dose_cap_mgkg"),
    ("iv.dose_cap_first", "iv.dose_cap_mg"),
    ("iv.partial_fraction", "iv.completed_fraction"),
    ("iv.series_len", "stop.max_acute"),
    ("iv.obs_min_after_end", "iv.obs_long_review"),
    ("iv.vitals_missing_alert", "iv.vitals_missing_escalate"),
    ("esk.obs_min", "esk.obs_long_review"),
    ("esk.gap_after_iv_hard", "esk.gap_after_iv_target"),
    ("after.followup_from", "after.followup_by"),
    ("after.followup_by", "after.attempts_until"),
    ("maint.interval_min", "maint.interval_default"),
    ("maint.interval_default", "maint.interval_max"),
    ("screen.weight_review_low", "screen.weight_review_high"),
    ("instr.item9_eq3_sla", "instr.item9_eq2_sla"),
    ("instr.item9_eq2_sla", "instr.item9_eq1_sla"),
)
"""Pairs that must keep their order: the first is never above the second."""


def read_value(parameter: Parameter, written: object) -> ParameterValue:
    """A value as written in a file: `30 days`, `30`, `true`, `7x4, 14x4`, a list. A bare number
    is in the parameter's own unit. Raises `RuleBroken` naming the rule."""
    match parameter.kind:
        case ValueKind.FLAG:
            if not isinstance(written, bool):
                raise RuleBroken("is yes or no: write true or false")
            return written
        case ValueKind.CHOICE:
            if not isinstance(written, str):
                raise RuleBroken("is one of the allowed words")
            return written
        case ValueKind.STEPS:
            return _steps(written)
        case ValueKind.NUMBERS:
            return _several(parameter, written)
        case ValueKind.NUMBER | ValueKind.INTEGER:
            return _single(parameter, written)


def _single(parameter: Parameter, written: object) -> int | float:
    numbers = _numbers(parameter, written)
    if len(numbers) != 1:
        raise RuleBroken("is one number, not a list")
    number = numbers[0]
    if parameter.kind is ValueKind.INTEGER or isinstance(parameter.default, int):
        if number.is_integer():
            return int(number)
        if parameter.kind is ValueKind.INTEGER:
            raise RuleBroken(f"is a whole number of {parameter.unit}")
    return number


def _several(parameter: Parameter, written: object) -> tuple[int, ...]:
    numbers = _numbers(parameter, written)
    if not all(number.is_integer() for number in numbers):
        raise RuleBroken(f"is a whole number of {parameter.unit} each")
    if len(set(numbers)) != len(numbers):
        raise RuleBroken("names each value once")
    if len(numbers) > _MOST_ITEMS:
        raise RuleBroken(f"has at most {_MOST_ITEMS} values")
    return tuple(int(number) for number in numbers)


def _numbers(parameter: Parameter, written: object) -> list[float]:
    if isinstance(written, str):
        found = _QUANTITY.match(written)
        if found is None:
            raise RuleBroken(f"is a number in {parameter.unit}")
        unit = (found.group(2) or parameter.unit).strip()
        if _SAME_UNIT.get(unit, unit) != parameter.unit:
            raise RuleBroken(f"is measured in {parameter.unit}, not in {unit}")
        parts: list[object] = [part for part in found.group(1).split(",") if part.strip()]
    else:
        parts = list(written) if isinstance(written, list) else [written]
    return [_number(parameter, part) for part in parts]


def _number(parameter: Parameter, part: object) -> float:
    if isinstance(part, bool) or not isinstance(part, int | float | str):
        raise RuleBroken(f"is a number in {parameter.unit}")
    try:
        number = float(part)
    except (ValueError, OverflowError):
        raise RuleBroken(f"is a number in {parameter.unit}") from None
    if not math.isfinite(number):
        raise RuleBroken("is a finite number")
    return number + 0.0  # -0.0 becomes 0.0


def _steps(written: object) -> tuple[str, ...]:
    parts = written.split(",") if isinstance(written, str) else written
    if not isinstance(parts, list) or not parts:
        raise RuleBroken("is a list of steps such as 7x4: days apart, then sessions")
    steps = tuple(str(part).strip() for part in parts)
    found = [_STEP.fullmatch(step) for step in steps]
    apart = [int(step.group(1)) for step in found if step]
    if len(apart) != len(steps):
        raise RuleBroken("is a list of steps such as 7x4: days apart, then sessions")
    if apart != sorted(apart):
        raise RuleBroken("never brings sessions closer together again")
    if len(steps) > _MOST_ITEMS:
        raise RuleBroken(f"has at most {_MOST_ITEMS} steps")
    return steps


def judge_value(parameter: Parameter, value: ParameterValue) -> str | None:
    """The rule that refuses this value, or None: nobody changes a NO, a TIGHTEN parameter only
    moves in its stricter direction, and every value stays in its range."""
    if value == parameter.default:
        return None
    if parameter.change is Change.NO:
        return f"may not be changed by a clinic; it is {parameter.default} {parameter.unit}"
    if parameter.change is Change.TIGHTEN and relaxes(parameter, value, parameter.default):
        if parameter.kind is ValueKind.FLAG:
            return f"may only be made stricter: it stays {str(parameter.default).lower()}"
        return f"may only be made stricter ({parameter.tighter} than {parameter.default})"
    return _out_of_range(parameter, value)


def relaxes(parameter: Parameter, value: ParameterValue, than: ParameterValue) -> bool:
    """Whether `value` is looser than `than` for a parameter with a stricter direction."""
    if parameter.tighter is None:
        return False
    new, old = strictness(parameter, value), strictness(parameter, than)
    return new > old if parameter.tighter is Tighter.LOWER else new < old


def strictness(parameter: Parameter, value: ParameterValue) -> float:
    """Where a value lies on its own scale: its number, or the place of its word. A word that is
    not allowed lies nowhere; `judge_value` refuses it."""
    if isinstance(value, tuple):
        return math.nan
    if isinstance(value, str):
        return parameter.allowed.index(value) if value in parameter.allowed else math.nan
    return float(value)


def _out_of_range(parameter: Parameter, value: ParameterValue) -> str | None:
    if parameter.allowed:
        words = ", ".join(str(word) for word in parameter.allowed)
        return None if value in parameter.allowed else f"is one of: {words}"
    items = value if isinstance(value, tuple) else (value,)
    if not items:
        return "is not empty"
    numbers = [float(str(i).split("x", maxsplit=1)[0]) for i in items]
    low, high = parameter.low, parameter.high
    if low is None or high is None or all(low <= n <= high for n in numbers):
        return None
    return f"lies between {low} and {high} {parameter.unit}"


def misordered(values: Mapping[str, ParameterValue]) -> tuple[tuple[str, str], ...]:
    """The pairs of `ORDERED` that these values turn round."""
    return tuple(
        (low, high) for low, high in ORDERED if _as_number(values[low]) > _as_number(values[high])
    )


def _as_number(value: ParameterValue) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
