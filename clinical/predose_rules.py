"""The rules of fact sheet 4.4 before a dose: rest and repeat, hold for the physician, not today."""

from collections.abc import Sequence

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
        text = "Blood pressure too high twice: no dose today; treat or refer; tell primary care."
        return signed(VitalsAction.STOP, "pressure_block", text, fact, (PHYSICIAN,))
    if not pressure_over(reading, *review) and not pressure_over(reading, *block):
        return None
    high_in_row = _count_high(before, review)
    if high_in_row >= parameters.integer("bp.repeat_max"):
        text = "Blood pressure still high after rest: the physician weighs risk and benefit."
        return signed(VitalsAction.CALL, "pressure_review", text, fact, (PHYSICIAN,))
    again = parameters.number("bp.repeat_wait")
    text = f"Blood pressure high: rest {again:g} min and repeat."
    return signed(VitalsAction.REPEAT, "pressure_repeat", text, fact, (NURSE,), again=again)


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
    outside = tuple(
        f"{label} {value:g}"
        for label, value, low, high in (
            ("systolic", reading.systolic_mmhg, "bp.hypo_sys", None),
            ("heart rate", reading.heart_rate_bpm, "hr.pre_low", "hr.pre_high"),
            ("SpO2", reading.spo2_percent, "spo2.pre_min", None),
            ("breathing", reading.respiratory_rate_per_min, "rr.pre_low", "rr.pre_high"),
            ("temperature", reading.temperature_c, None, "temp.pre_high"),
            ("MOAA/S", reading.moaas, "dis.moaas", None),
        )
        if value is not None
        and (
            (low is not None and value < parameters.number(low))
            or (high is not None and value > parameters.number(high))
        )
    )
    if not outside:
        return None
    text = "Out of range before dosing: hold for the physician."
    return signed(VitalsAction.CALL, "vitals_hold", text, ", ".join(outside), (PHYSICIAN,))


def _blocked(reading: VitalSigns, before: Sequence[VitalSigns], parameters: Parameters) -> bool:
    """Above 160/100 on two readings in a row: no dose today."""
    previous = next((r for r in before if has_pressure(r)), None)
    return previous is not None and all(
        pressure_over(
            r, parameters.number("bp.pre_sys_block"), parameters.number("bp.pre_dia_block")
        )
        for r in (reading, previous)
    )


BEFORE: tuple[Rule, ...] = (_pre_pressure, _pre_hold, symptoms_told)
