"""Every criterion of discharge on both sides of its value (fact sheet 4.6, 5.3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from clinical.clinic_hours import closes_at
from clinical.discharge import (
    closing_page_at,
    judge_discharge,
    long_review_at,
    review_opens_at,
)
from clinical.discharge_readings import reading_criteria
from clinical.parameters import Parameters
from schemas.infusion import Discharge, VitalSigns
from tests.clinical.boundaries.rows import (
    IV,
    NORTH,
    NURSE,
    SPRAY,
    T0,
    Fires,
    Row,
    both,
    length,
    reached,
)


def minutes_ago(minutes: float, **values: float) -> VitalSigns:
    reading = VitalSigns(taken_at=T0 - timedelta(minutes=minutes))
    return reading.model_copy(update=values)


def met(readings: tuple[VitalSigns, ...], own: VitalSigns | None, p: Parameters) -> dict[str, bool]:
    return {c.code: c.met for c in reading_criteria(readings, own, T0, p, effects_gone=True)}


def goes(criterion: str, field: str, **own: int) -> Fires:
    """A criterion that is met by readings of this value."""

    def fires(value: float, p: Parameters) -> bool:
        values = {"systolic_mmhg": 110, "diastolic_mmhg": 70, field: value}
        readings = tuple(minutes_ago(m, **values) for m in (70, 20, 0))
        return met(readings, VitalSigns(**own), p)[criterion]

    return fires


def held(value: float, p: Parameters) -> bool:
    readings = tuple(minutes_ago(m, spo2_percent=99) for m in (value, 0))
    return met(readings, None, p)["oxygen"]


def own_oxygen(value: float, p: Parameters) -> bool:
    """Somebody whose own oxygen is lower than the stop level is judged by that level."""
    readings = tuple(minutes_ago(m, spo2_percent=value) for m in (15, 0))
    return met(readings, VitalSigns(spo2_percent=80), p)["oxygen"]


def near(value: float, p: Parameters) -> bool:
    readings = (
        minutes_ago(9, systolic_mmhg=250, diastolic_mmhg=80),
        minutes_ago(0, systolic_mmhg=200 + 2 * int(value), diastolic_mmhg=80),
    )
    return met(readings, VitalSigns(systolic_mmhg=200, diastolic_mmhg=80), p)["blood_pressure"]


def falling(value: float, p: Parameters) -> bool:
    """A pressure above the limit that has fallen over so many readings."""
    readings = tuple(
        minutes_ago(9 * n, systolic_mmhg=150 + n, diastolic_mmhg=80) for n in range(int(value))
    )
    own = VitalSigns(systolic_mmhg=148, diastolic_mmhg=80)
    return met(readings, own, p)["blood_pressure"]


def recent(value: float, p: Parameters) -> bool:
    """A last reading of so many minutes and the five of grace ago."""
    return met((minutes_ago(value + 5),), None, p)["recent_reading"]


def overdue(value: float, p: Parameters) -> bool:
    """A last reading of the interval and so many minutes ago."""
    return met((minutes_ago(value + 15),), None, p)["recent_reading"]


def leaves(code: str, **stated: Callable[[float], object]) -> Fires:
    """A criterion that is not met by what a clinician states."""

    def fires(value: float, p: Parameters) -> bool:
        said = {name: of(value) for name, of in stated.items()}
        command = Discharge(
            command_id="d", actor=NURSE, escort_present=True, instructions_given=True
        )
        decision = judge_discharge(
            command.model_copy(update=said), modality=IV, dosing_ended_at=T0,
            readings=(), baseline=None, now=T0, parameters=p,
        )  # fmt: skip
        return not next(c.met for c in decision.criteria if c.code == code)

    return fires


def closing(value: float, p: Parameters) -> bool:
    """Whether so many minutes before the clinic closes somebody has been paged."""
    closes, page = closes_at(T0, NORTH), closing_page_at(T0, NORTH, p)
    assert closes is not None
    assert page is not None
    return closes - length("dis.closing_page", value) >= page


TABLE = (
    Row("bp.pre_sys_review", "<=", 1, goes("blood_pressure", "systolic_mmhg")),
    Row("bp.pre_dia_review", "<=", 1, goes("blood_pressure", "diastolic_mmhg")),
    Row("dis.discharge_bp_pct", "<=", 1, near),
    Row("dis.bp_readings", ">=", 1, falling),
    Row("bp.hypo_sys", ">=", 1, goes("blood_pressure", "systolic_mmhg")),
    Row("hr.low", ">=", 1, goes("heart_rate", "heart_rate_bpm")),
    Row("dis.hr_max", "<", 1, goes("heart_rate", "heart_rate_bpm")),
    Row("dis.hr_pct", "<=", 1, lambda v, p: goes("heart_rate", "heart_rate_bpm",
                                                 heart_rate_bpm=100)(100 + v, p)),
    Row("dis.spo2_min", ">=", 1, goes("oxygen", "spo2_percent")),
    Row("spo2.stop", ">=", 1, own_oxygen),
    Row("dis.spo2_held", ">=", 1, held),
    Row("dis.rr_low", ">=", 1, goes("breathing", "respiratory_rate_per_min")),
    Row("dis.rr_high", "<=", 1, goes("breathing", "respiratory_rate_per_min")),
    Row("dis.moaas", ">=", 1, goes("sedation", "moaas")),
    Row("dis.cadss6_delta", "<=", 1,
        lambda v, p: goes("dissociation", "cadss6", cadss6=3)(3 + v, p)),
    Row("dis.aldrete_min", "<", 1, leaves("aldrete", aldrete=int)),
    Row("dis.orientation", "<", 1, leaves("orientation", orientation=int)),
    Row("iv.vitals_post_interval", "<=", 0.5, recent),
    Row("iv.vitals_missing_escalate", "<=", 0.5, overdue),
    Row("iv.obs_min_after_end", ">=", 1,
        reached("iv.obs_min_after_end", lambda p: review_opens_at(IV, T0, p))),
    Row("esk.obs_min", ">=", 1, reached("esk.obs_min", lambda p: review_opens_at(SPRAY, T0, p))),
    Row("dis.closing_page", "<=", 1, closing),
    Row("iv.obs_long_review", ">=", 1,
        reached("iv.obs_long_review", lambda p: long_review_at(IV, T0, p))),
    Row("esk.obs_long_review", ">=", 1,
        reached("esk.obs_long_review", lambda p: long_review_at(SPRAY, T0, p))),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_discharge_criterion_is_judged_on_both_sides_of_its_value(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
