"""The medical screening and consent on both sides of every number (fact sheet 2 and 3)."""

from datetime import timedelta
from typing import Any

import pytest

from clinical.consent import judge_consent, needs_reconsent
from clinical.parameters import Parameters
from clinical.screening import judge_screening
from schemas.consent import ConsentForm
from schemas.screening import Modality, Screening, ScreeningOutcome, WorkUp
from tests.clinical.boundaries.rows import (
    IV,
    T0,
    Fires,
    Row,
    both,
    codes,
    filled,
    length,
)

FORM = ConsentForm(modality=IV, document_version="v1", signer="Wilhelmina Pontefract")


def screened(code: str, modality: Modality = IV, **facts: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        decision = judge_screening(Screening.model_validate(filled(facts, value)), modality, T0, p)
        found = (f.reason for f in decision.findings)
        return code in codes((*decision.reasons, *found))

    return fires


def result(kind: str, name: str, **more: Any) -> Fires:
    """A result so old that it has expired."""
    return screened(
        f"{kind}_expired",
        work_up=lambda v: (WorkUp(kind=kind, taken_at=T0 - length(name, v), result="normal"),),
        **more,
    )


def medicine(name: str, **more: Any) -> Any:
    return lambda v: ({"name": name, **filled(more, v)},)


def stroke(value: float, p: Parameters) -> bool:
    happened = T0.date() - timedelta(days=value)
    facts = {"dated_conditions": ({"condition": "stroke", "happened_on": happened},)}
    decision = judge_screening(Screening.model_validate(facts), IV, T0, p)
    return decision.outcome is ScreeningOutcome.BLOCKED


def consented(name: str, code: str, **more: Any) -> Fires:
    """A consent signed so long ago."""

    def fires(value: float, p: Parameters) -> bool:
        signed_at = T0 - length(name, value)
        return code in codes(needs_reconsent(FORM, signed_at, T0, p, modality=IV, **more))

    return fires


def lapsed(value: float, p: Parameters) -> bool:
    last = T0 - timedelta(days=value)
    return "consent_lapse" in codes(
        needs_reconsent(FORM, T0, T0, p, modality=IV, last_dose_at=last)
    )


def signed(name: str, code: str) -> Fires:
    """A form signed so long before the dose."""

    def fires(value: float, p: Parameters) -> bool:
        return code in codes(judge_consent(FORM, T0 - length(name, value), IV, T0, p).reasons)

    return fires


TABLE = (
    Row("elig.min_age", "<", 1, screened("age_under_18", age_years=int)),
    Row("elig.max_age_soft", ">", 1, screened("age_over_soft_limit", age_years=int)),
    Row("screen.weight_review_low", "<", 1,
        screened("weight_outside_range", weight_kg=lambda v: v)),
    Row("screen.weight_review_high", ">", 1,
        screened("weight_outside_range", weight_kg=lambda v: v)),
    Row("bp.pre_sys_review", ">", 1, screened("hypertension", systolic_mmhg=int)),
    Row("bp.pre_dia_review", ">", 1, screened("hypertension", diastolic_mmhg=int)),
    Row("bp.pre_sys_block", ">", 1, screened("uncontrolled_hypertension", systolic_mmhg=int)),
    Row("bp.pre_dia_block", ">", 1, screened("uncontrolled_hypertension", diastolic_mmhg=int)),
    Row("screen.hp_valid", ">", 1, result("history_physical", "screen.hp_valid")),
    Row("screen.ecg_valid", ">", 1, result("ecg", "screen.ecg_valid")),
    Row("screen.ecg_valid_cv_risk", ">", 1,
        result("ecg", "screen.ecg_valid_cv_risk", conditions=("stroke",))),
    Row("screen.lft_valid", ">", 1, result("lft", "screen.lft_valid")),
    Row("screen.ua_valid", ">", 1, result("ua", "screen.ua_valid")),
    Row("screen.uds_valid", ">", 1, result("uds", "screen.uds_valid")),
    Row("screen.cbc_tsh_valid", ">", 1, result("cbc", "screen.cbc_tsh_valid")),
    Row("screen.cbc_tsh_valid", ">", 1, result("tsh", "screen.cbc_tsh_valid")),
    Row("mon.luts", ">", 1, result("luts", "mon.luts")),
    Row("mon.cognition", ">", 1, result("cognition", "mon.cognition")),
    Row("pdmp.repeat", ">", 1, result("pdmp", "pdmp.repeat")),
    Row("screen.alt_ast_hold_uln", ">", 0.1, screened("liver_tests_raised", work_up=lambda v: (
        WorkUp(kind="lft", taken_at=T0, result="normal", value=v),))),
    Row("screen.mi_stroke_exclusion", "<", 1, stroke),
    Row("screen.benzo_alert_lorazepam_eq", ">", 0.5, screened(
        "benzodiazepine_dose",
        medicines=medicine("lorazepam", lorazepam_equivalent_mg_per_day=lambda v: v))),
    Row("screen.antidepressant_stable", "<", 1, screened(
        "antidepressant_changed", medicines=medicine(
            "sertraline", changed_on=lambda v: T0.date() - timedelta(days=v)))),
    Row("consent.valid", ">=", 1, consented("consent.valid", "consent_expired")),
    Row("consent.valid", ">", 1, signed("consent.valid", "consent_expires_before_dosing")),
    Row("consent.maintenance_renewal", ">=", 1, consented(
        "consent.maintenance_renewal", "consent_renewal")),
    Row("consent.reconsent_gap", ">", 1, lapsed),
    Row("consent.min_lead_before_dose", "<", 1,
        signed("consent.min_lead_before_dose", "consent_signed_too_late")),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_clearance_is_judged_on_both_sides_of_each_number(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
