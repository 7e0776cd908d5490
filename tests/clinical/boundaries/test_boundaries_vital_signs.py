"""Every threshold of the vital signs on both sides of its value (fact sheet 4.4)."""

from datetime import timedelta
from typing import Any

import pytest

from clinical.parameters import Parameters
from clinical.vital_signs import judge_reading, may_resume
from schemas.infusion import VitalSigns
from tests.clinical.boundaries.rows import T0, Fires, Row, both, codes, length, texts

HIGH = VitalSigns(systolic_mmhg=190, diastolic_mmhg=115, taken_at=T0 - timedelta(minutes=3))


def judged(
    phase: Any, reading: VitalSigns, p: Parameters, *before: VitalSigns, own: Any = None
) -> Any:
    return judge_reading(
        reading, phase=phase, baseline=own, previous=before, paused=False, parameters=p
    )


def sign(phase: Any, field: str, code: str, *before: VitalSigns) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        reading = VitalSigns.model_validate({field: value, "taken_at": T0})
        return code in codes(judged(phase, reading, p, *before).reasons)

    return fires


def drop(value: float, p: Parameters) -> bool:
    reading = VitalSigns(systolic_mmhg=200 - 2 * int(value), taken_at=T0)
    own = VitalSigns(systolic_mmhg=200)
    return "pressure_low" in codes(judged("during", reading, p, own=own).reasons)


def lasting(name: str, code: str, **values: Any) -> Fires:
    """A sign that has been there for so long already."""

    def fires(value: float, p: Parameters) -> bool:
        now = VitalSigns(taken_at=T0, **values)
        then = VitalSigns(taken_at=T0 - length(name, value), **values)
        return code in codes(judged("during", now, p, then).reasons)

    return fires


def low_for(value: float, p: Parameters) -> bool:
    """Oxygen that was still good so many seconds ago."""
    good = VitalSigns(spo2_percent=97, taken_at=T0 - timedelta(seconds=value))
    low = VitalSigns(spo2_percent=88, taken_at=T0)
    return "oxygen_stop" in codes(judged("during", low, p, good).reasons)


def resumes(**fixed: int) -> Fires:
    (free,) = {"systolic_mmhg", "diastolic_mmhg"} - set(fixed)

    def fires(value: float, p: Parameters) -> bool:
        last = VitalSigns.model_validate({**fixed, free: value})
        return "pressure_still_high" not in codes(may_resume((last,), p, baseline=None))

    return fires


def high_before(value: float, p: Parameters) -> bool:
    """A pressure that is high again after so many high ones."""
    before = [
        VitalSigns(systolic_mmhg=150, diastolic_mmhg=80, taken_at=T0 - timedelta(minutes=10 + n))
        for n in range(int(value))
    ]
    now = VitalSigns(systolic_mmhg=150, diastolic_mmhg=80, taken_at=T0)
    return "pressure_review" in codes(judged("pre", now, p, *before).reasons)


def slowed(value: float, p: Parameters) -> bool:
    now = VitalSigns(systolic_mmhg=165, diastolic_mmhg=80, taken_at=T0)
    return f"slow to {value:g} %" in texts(judged("during", now, p).reasons)


TABLE = (
    Row("bp.pre_sys_review", ">", 1, sign("pre", "systolic_mmhg", "pressure_repeat")),
    Row("bp.pre_dia_review", ">", 1, sign("pre", "diastolic_mmhg", "pressure_repeat")),
    Row("bp.pre_sys_block", ">", 1, sign("pre", "systolic_mmhg", "pressure_block", HIGH)),
    Row("bp.pre_dia_block", ">", 1, sign("pre", "diastolic_mmhg", "pressure_block", HIGH)),
    Row("bp.repeat_max", ">=", 1, high_before),
    Row("bp.alert_sys", ">=", 1, sign("during", "systolic_mmhg", "pressure_alert")),
    Row("bp.alert_dia", ">=", 1, sign("during", "diastolic_mmhg", "pressure_alert")),
    Row("bp.pause_sys", ">=", 1, sign("during", "systolic_mmhg", "pressure_pause", HIGH)),
    Row("bp.pause_dia", ">=", 1, sign("during", "diastolic_mmhg", "pressure_pause", HIGH)),
    Row("bp.stop_sys", ">=", 1, sign("during", "systolic_mmhg", "pressure_stop")),
    Row("bp.stop_dia", ">=", 1, sign("during", "diastolic_mmhg", "pressure_stop")),
    Row("bp.hypo_sys", "<", 1, sign("pre", "systolic_mmhg", "vitals_hold")),
    Row("bp.hypo_sys", "<", 1, sign("during", "systolic_mmhg", "pressure_low")),
    Row("bp.drop_pct", ">", 1, drop),
    Row("bp.resume_sys", "<", 1, resumes(diastolic_mmhg=65)),
    Row("bp.resume_dia", "<", 1, resumes(systolic_mmhg=105)),
    Row("iv.slow_to_pct", "==", 1, slowed),
    Row("hr.pre_low", "<", 1, sign("pre", "heart_rate_bpm", "vitals_hold")),
    Row("hr.pre_high", ">", 1, sign("pre", "heart_rate_bpm", "vitals_hold")),
    Row("hr.pause_high", ">", 1, sign("during", "heart_rate_bpm", "heart_rate_high")),
    Row("hr.low", "<", 1, sign("during", "heart_rate_bpm", "heart_rate_low")),
    Row("hr.sustained", ">=", 0.5,
        lasting("hr.sustained", "heart_rate_sustained", heart_rate_bpm=140)),
    Row("distress.settle_within", ">=", 0.5,
        lasting("distress.settle_within", "distress_unsettled", symptoms=("panic",))),
    Row("spo2.pre_min", "<", 1, sign("pre", "spo2_percent", "vitals_hold")),
    Row("spo2.alert", "<", 1, sign("during", "spo2_percent", "oxygen_alert")),
    Row("spo2.stop", "<", 1, sign("during", "spo2_percent", "oxygen_stop")),
    Row("spo2.stop_sustained", ">", 0.5, low_for),
    Row("rr.pre_low", "<", 1, sign("pre", "respiratory_rate_per_min", "vitals_hold")),
    Row("rr.pre_high", ">", 1, sign("pre", "respiratory_rate_per_min", "vitals_hold")),
    Row("rr.stop", "<", 1, sign("during", "respiratory_rate_per_min", "breathing_stop")),
    Row("temp.pre_high", ">", 0.1, sign("pre", "temperature_c", "vitals_hold")),
    Row("sed.moaas_pause", "<=", 1, lambda v, p: any(
        sign("during", "moaas", code)(v, p) for code in ("sedation_pause", "sedation_stop"))),
    Row("sed.moaas_stop", "<=", 1, sign("during", "moaas", "sedation_stop")),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_vital_sign_decides_on_both_sides_of_its_threshold(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
