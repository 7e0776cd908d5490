"""The rules of fact sheet 4.4 before a dose: rest and repeat, hold for the physician, not today."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from clinical.baseline_reading import (
    looks_at_all,
    newest_signs,
    with_symptoms_carried,
)
from clinical.parameters import Parameters
from clinical.vital_rules import (
    NURSE,
    PHYSICIAN,
    Rule,
    Sign,
    has_pressure,
    latest_first,
    pressure_over,
    pressure_text,
    signed,
    symptoms_told,
)
from schemas.infusion import VitalsAction, VitalSigns


def predose_signs(
    reading: VitalSigns, previous: Sequence[VitalSigns], parameters: Parameters
) -> tuple[Sign, ...]:
    """Every sign a reading gives before dosing (rows "pre" of 4.4)."""
    before = latest_first(previous)
    found = (rule(reading, None, before, parameters) for rule in BEFORE)
    return tuple(_hold_not_pause(sign) for sign in found if sign is not None)


def standing_signs(
    readings: Sequence[VitalSigns], parameters: Parameters, *, blocked: bool = False
) -> tuple[Sign, ...]:
    """Every sign that stands before dosing (rows "pre" of 4.4): each by its own newest measured
    value, a symptom until a person has looked at all and no longer tells it. `blocked`: two
    pressures ended the day's dosing before, as they do whatever is read afterwards (11.6)."""
    known = latest_first(readings)
    newest = newest_signs(known)
    if newest is None:
        return ()
    found = (
        _standing_pressure(newest, known, parameters, blocked=blocked),
        _pre_hold(newest, None, (), parameters),
        _standing_symptoms(known, parameters),
    )
    return tuple(_hold_not_pause(sign) for sign in found if sign is not None)


def pressure_blocks(readings: Sequence[VitalSigns], parameters: Parameters) -> bool:
    """Whether the pressures before the dose, two in a row, end the day's dosing (4.4)."""
    return _blocks([r for r in latest_first(readings) if has_pressure(r)], parameters)


def measured_anew(
    reading: VitalSigns, earlier: Sequence[VitalSigns], parameters: Parameters
) -> frozenset[str]:
    """The codes of the signs that stood before this reading and that it speaks of: what people
    decided about them does not stand for it (11.52)."""
    stood = {sign.reason.code for sign in standing_signs(earlier, parameters)}
    speaks: set[str] = set()
    if has_pressure(reading):
        speaks |= {"pressure_repeat", "pressure_review", "pressure_block"}
    known = latest_first(earlier)
    held = {name for name, _value in _outside(newest_signs(known), parameters)}
    held |= {name for name, _value in _outside(reading, parameters)}
    if any(getattr(reading, name) is not None for name in held):
        speaks.add("vitals_hold")
    if reading.symptoms or looks_at_all(reading):
        speaks |= {code for code in stood if code.startswith(("symptom_", "distress_"))}
    return frozenset(stood & speaks)


def _standing_pressure(
    newest: VitalSigns, known: Sequence[VitalSigns], parameters: Parameters, *, blocked: bool
) -> Sign | None:
    measured = [r for r in known if has_pressure(r)]
    if blocked or _blocks(measured, parameters):
        return _block(newest)
    return _pre_pressure(newest, None, measured[1:], parameters)


def _blocks(measured: Sequence[VitalSigns], parameters: Parameters) -> bool:
    return any(
        _blocked(reading, measured[number:], parameters)
        for number, reading in enumerate(measured, start=1)
    )


def _standing_symptoms(known: Sequence[VitalSigns], parameters: Parameters) -> Sign | None:
    carried = with_symptoms_carried(known)
    return symptoms_told(carried[0], None, carried[1:], parameters)


def _hold_not_pause(sign: Sign) -> Sign:
    """Before dosing there is nothing to pause: hold for the physician."""
    return sign.as_action(VitalsAction.CALL) if sign.action is VitalsAction.PAUSE else sign


def _pre_pressure(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    """> 160/100 twice: not today. > 140/90: rest and repeat, at most twice; then a physician
    weighs risk and benefit in writing (label)."""
    block = (parameters.number("bp.pre_sys_block"), parameters.number("bp.pre_dia_block"))
    review = (parameters.number("bp.pre_sys_review"), parameters.number("bp.pre_dia_review"))
    fact = pressure_text(reading)
    if _blocked(reading, before, parameters):
        return _block(reading)
    if not pressure_over(reading, *review) and not pressure_over(reading, *block):
        return None
    high_in_row = _count_high(before, review)
    if high_in_row >= parameters.integer("bp.repeat_max"):
        text = "Blood pressure still high after rest: the physician weighs risk and benefit."
        return signed(VitalsAction.CALL, "pressure_review", text, fact, (PHYSICIAN,))
    again = parameters.number("bp.repeat_wait")
    text = f"Blood pressure high: rest {again:g} min and repeat."
    return signed(VitalsAction.REPEAT, "pressure_repeat", text, fact, (NURSE,), again=again)


def _block(reading: VitalSigns) -> Sign:
    text = "Blood pressure too high twice: no dose today; treat or refer; tell primary care."
    return signed(VitalsAction.STOP, "pressure_block", text, pressure_text(reading), (PHYSICIAN,))


def _count_high(before: Sequence[VitalSigns], limits: tuple[float, float]) -> int:
    count = 0
    for earlier in before:
        if not has_pressure(earlier):
            continue
        if not pressure_over(earlier, *limits):
            break
        count += 1
    return count


def _pre_hold(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    _before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    """Any of the other signs out of range before dosing: hold for the physician."""
    outside = [f"{HOLDS[name][0]} {value:g}" for name, value in _outside(reading, parameters)]
    if not outside:
        return None
    text = "Out of range before dosing: hold for the physician."
    return signed(VitalsAction.CALL, "vitals_hold", text, ", ".join(outside), (PHYSICIAN,))


def _outside(reading: VitalSigns | None, parameters: Parameters) -> Iterator[tuple[str, float]]:
    """The signs out of range, by field, with the value."""
    for name, (_label, low, high) in HOLDS.items():
        value = None if reading is None else getattr(reading, name)
        if value is not None and (
            (low is not None and value < parameters.number(low))
            or (high is not None and value > parameters.number(high))
        ):
            yield name, value


def _blocked(reading: VitalSigns, before: Sequence[VitalSigns], parameters: Parameters) -> bool:
    """Above 160/100 on two readings in a row: no dose today."""
    previous = next((r for r in before if has_pressure(r)), None)
    return previous is not None and all(
        pressure_over(
            r, parameters.number("bp.pre_sys_block"), parameters.number("bp.pre_dia_block")
        )
        for r in (reading, previous)
    )


HOLDS: Mapping[str, tuple[str, str | None, str | None]] = MappingProxyType(
    {
        "systolic_mmhg": ("systolic", "bp.hypo_sys", None),
        "heart_rate_bpm": ("heart rate", "hr.pre_low", "hr.pre_high"),
        "spo2_percent": ("SpO2", "spo2.pre_min", None),
        "respiratory_rate_per_min": ("breathing", "rr.pre_low", "rr.pre_high"),
        "temperature_c": ("temperature", None, "temp.pre_high"),
        "moaas": ("MOAA/S", "dis.moaas", None),
    }
)
"""Which signs hold the dose: by field its name, the lowest and the highest value it may have."""

BEFORE: tuple[Rule, ...] = (_pre_pressure, _pre_hold, symptoms_told)
