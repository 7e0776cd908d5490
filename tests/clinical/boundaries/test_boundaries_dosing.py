"""Every limit of an order for an infusion on both sides of its value (fact sheet 4.1)."""

from collections.abc import Callable
from typing import Any

import pytest

from clinical.dosing import (
    DoseFacts,
    judge_delivery,
    judge_order,
    standard_dose_mg,
    weight_voids_order,
)
from clinical.parameters import Parameters
from clinical.titration import PriorDose, judge_titration
from schemas.infusion import DoseOutcome
from tests.clinical.boundaries.rows import Fires, Row, both, codes, filled

DOSED = PriorDose(
    dose_mg=35, weight_kg=70, peak_systolic_mmhg=140, peak_diastolic_mmhg=80, lowest_moaas=5
)


def order(code: str, **facts: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        said = filled(facts, value)
        decision = judge_order(DoseFacts(**{"dose_mg": 35, "weight_kg": 70, **said}), p)
        return code in codes((*decision.reasons, *decision.notes))

    return fires


def step(code: str, last: Callable[[float], PriorDose] | None = None, **facts: Any) -> Fires:
    """A rise from 0.5 mg/kg by `mg_per_kg`, as the titration judges it."""

    def fires(value: float, p: Parameters) -> bool:
        said = filled(facts, value)
        rise = said.pop("mg_per_kg", 0.1)
        prior = said.pop("prior", (DOSED, last(value) if last else DOSED))
        judged = judge_titration(
            (0.5 + rise) * 70, 70, p, prior=prior, standard_mg=35,
            **{"improvement_percent": 0, **said},
        )  # fmt: skip
        return code in codes((*judged.refusals, *judged.seconds))

    return fires


def last_had(**values: Callable[[float], object]) -> Callable[[float], PriorDose]:
    """The last session, with this measured value."""
    return lambda v: DOSED.model_copy(update={name: of(v) for name, of in values.items()})


def rounded(value: float, p: Parameters) -> bool:
    """Somebody so light that the exact dose is this many mg: is there a dose at all?"""
    return standard_dose_mg(value / 0.5, p) > 0


def same_dose(value: float, p: Parameters) -> bool:
    """A rise by so many mg is rounding, no rise."""
    judged = judge_titration(35 + value, 70, p, prior=(DOSED,), standard_mg=35)
    return not judged.refusals


TABLE = (
    Row("iv.dose", ">=", 0.1, lambda v, p: standard_dose_mg(100, p) <= 100 * v),
    Row("iv.dose_rounding", ">=", 0.1, rounded),
    Row("iv.dose_rounding", "<=", 0.1, same_dose),
    Row("iv.dose_cap_first", ">", 0.5,
        order("over_first_cap", dose_mg=lambda v: v, weight_kg=100)),
    Row("iv.dose_cap_mg", ">", 0.5, order("over_cap", dose_mg=lambda v: v, weight_kg=200)),
    Row("iv.dose_cap_mgkg", ">", 0.05,
        order("over_cap_per_kg", dose_mg=lambda v: v * 50, weight_kg=50)),
    Row("iv.duration_min", "<", 1, order("duration", duration_min=lambda v: v)),
    Row("iv.duration_max", ">", 1, order("duration", duration_min=lambda v: v)),
    Row("iv.weight_recompute_pct", ">=", 0.5,
        lambda v, p: weight_voids_order(40, 40 * (1 + v / 100), p)),
    Row("iv.weight_recompute_pct", ">=", 0.5, order(
        "weight_changed", order_weight_kg=40, weight_kg=lambda v: 40 * (1 + v / 100))),
    Row("iv.weight_recompute_kg", ">=", 0.1, lambda v, p: weight_voids_order(140, 140 + v, p)),
    Row("screen.weight_valid", ">", 0.5, order("weight_outdated", weight_age_days=lambda v: v)),
    Row("iv.weight_basis_bmi", ">=", 1,
        order("weight_basis", weight_kg=lambda bmi: bmi * 4, height_cm=200)),
    Row("screen.weight_review_low", "<", 1, order("weight_review", weight_kg=lambda v: v)),
    Row("screen.weight_review_high", ">", 1, order("weight_review", weight_kg=lambda v: v)),
    Row("iv.completed_fraction", ">=", 0.01,
        lambda v, p: judge_delivery(100, 100 * v, p) is DoseOutcome.COMPLETED),
    Row("iv.partial_fraction", "<", 0.01,
        lambda v, p: judge_delivery(100, 100 * v, p) is DoseOutcome.ABORTED),
    Row("iv.titration_step", ">", 0.01, step("large_step", mg_per_kg=lambda v: v)),
    Row("iv.titration_step_max", ">", 0.01, step("step_too_large", mg_per_kg=lambda v: v)),
    Row("iv.titration_after", "<", 1,
        step("titration_too_early", prior=lambda v: (DOSED,) * int(v))),
    Row("iv.titration_below_pct", ">=", 1,
        step("already_improving", improvement_percent=lambda v: v)),
    Row("iv.titration_moaas_min", "<", 1,
        step("last_sedation", last_had(lowest_moaas=int))),
    Row("bp.pause_sys", ">=", 1, step("last_pressure", last_had(peak_systolic_mmhg=int))),
    Row("bp.pause_dia", ">=", 1, step("last_pressure", last_had(peak_diastolic_mmhg=int))),
    Row("iv.titrate_down_moaas", "<=", 1,
        step("titrate_down", last_had(lowest_moaas=int), mg_per_kg=0)),
    Row("iv.titrate_down_duration", "<", 1, step(
        "titrate_down", last_had(vomited=lambda _: True), mg_per_kg=0,
        duration_min=lambda v: v)),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_an_order_is_judged_on_both_sides_of_each_limit(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
