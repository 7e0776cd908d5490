"""Every threshold judged at its value, just under and just over it, in the standard protocol and
in that of a clinic which has moved it by one step."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clinical.adverse_event import report_deadlines
from clinical.aftercare import JournalStep, follow_up_window, judge_follow_up, judge_journal_gap
from clinical.clinic import clinic_alerts
from clinical.consent import judge_consent, needs_reconsent
from clinical.controlled_substance import judge_waste
from clinical.discharge import judge_discharge, long_review_at, review_opens_at
from clinical.discharge_readings import reading_criteria
from clinical.dosing import DoseFacts, judge_delivery, judge_order, weight_voids_order
from clinical.evaluation import judge_eligibility
from clinical.instruments import score as score_of
from clinical.missed_sessions import judge_gap, judge_missed
from clinical.monitoring import cap_reasons, monitoring_due
from clinical.nasal_spray import judge_switch
from clinical.parameter_kind import Tighter
from clinical.parameters import PARAMETERS, Parameters, ValueKind
from clinical.protocol import ProtocolRefused, parse_protocol
from clinical.readiness import judge_readiness
from clinical.reevaluation import early_review, judge_relapse, propose, stop_rules
from clinical.response import in_remission, response
from clinical.screening import judge_screening
from clinical.suicide_risk import triage_scores
from clinical.titration import PriorDose, judge_titration
from clinical.vital_signs import judge_missing, judge_reading, may_resume
from schemas.adverse_event import AdverseEvent
from schemas.base import Actor, Role
from schemas.consent import ConsentForm
from schemas.controlled_substance import Waste
from schemas.evaluation import Evaluation
from schemas.infusion import CheckIn, Discharge, DoseOutcome, SessionPlan, SessionResult, VitalSigns
from schemas.protocol import Clinic, EmergencyItem, Protocol
from schemas.reevaluation import Assessment, Instrument, ReevaluationFacts, Score
from schemas.screening import Modality, Screening, ScreeningOutcome, WorkUp

T0 = datetime(2027, 3, 3, 15, 0, tzinfo=UTC)
P = Parameters.default()
IV, SPRAY = Modality.IV_KETAMINE, Modality.ESKETAMINE
NURSE = Actor(id="rn-quill", role=Role.NURSE)
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
DOSED = PriorDose(
    dose_mg=35, weight_kg=70, peak_systolic_mmhg=140, peak_diastolic_mmhg=80, lowest_moaas=5
)

Fires = Callable[[float, Parameters], bool]
"""Whether a rule fires on a measured value, in the parameter's own unit."""


def length(name: str, value: float) -> timedelta:
    """A measured time, in the unit of that parameter."""
    unit = {"min": "minutes", "s": "seconds"}.get(PARAMETERS[name].unit, PARAMETERS[name].unit)
    return timedelta(**{unit: value})


def codes(reasons: Iterable[Any]) -> set[str]:
    return {reason.code for reason in reasons}


def sign(phase: Any, field: str, code: str, *before: VitalSigns) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        reading = VitalSigns.model_validate({field: value, "taken_at": T0})
        facts: dict[str, Any] = {"baseline": None, "previous": before, "paused": False}
        return code in codes(judge_reading(reading, phase=phase, parameters=p, **facts).reasons)

    return fires


def drop(value: float, p: Parameters) -> bool:
    reading = VitalSigns(systolic_mmhg=200 - 2 * int(value), taken_at=T0)
    own = VitalSigns(systolic_mmhg=200)
    facts: dict[str, Any] = {"phase": "during", "baseline": own, "previous": (), "paused": False}
    return "pressure_low" in codes(judge_reading(reading, parameters=p, **facts).reasons)


def lasting(name: str, code: str, **values: Any) -> Fires:
    """A sign that has been there for so long already."""

    def fires(value: float, p: Parameters) -> bool:
        now = VitalSigns(taken_at=T0, **values)
        then = VitalSigns(taken_at=T0 - length(name, value), **values)
        facts: dict[str, Any] = {"phase": "during", "baseline": None, "paused": False}
        decision = judge_reading(now, previous=(then,), parameters=p, **facts)
        return code in codes(decision.reasons)

    return fires


def resumes(**fixed: int) -> Fires:
    (free,) = {"systolic_mmhg", "diastolic_mmhg"} - set(fixed)

    def fires(value: float, p: Parameters) -> bool:
        last = VitalSigns.model_validate({**fixed, free: value})
        return "pressure_still_high" not in codes(may_resume((last,), p))

    return fires


def goes(criterion: str, field: str, **own: int) -> Fires:
    """A discharge criterion that is met by readings of this value."""

    def fires(value: float, p: Parameters) -> bool:
        values = {field: value, **({} if field != "systolic_mmhg" else {"diastolic_mmhg": 70})}
        values |= {} if field != "diastolic_mmhg" else {"systolic_mmhg": 110}
        readings = [
            VitalSigns.model_validate({**values, "taken_at": T0 - timedelta(minutes=m)})
            for m in (70, 20, 0)
        ]
        met = {c.code: c.met for c in reading_criteria(readings, VitalSigns(**own), T0, p)}
        return met[criterion]

    return fires


def held(value: float, p: Parameters) -> bool:
    readings = [VitalSigns(spo2_percent=99, taken_at=T0 - timedelta(minutes=m)) for m in (value, 0)]
    return {c.code: c.met for c in reading_criteria(readings, None, T0, p)}["oxygen"]


def eligible(code: str, **facts: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        filled = {k: (v(value) if callable(v) else v) for k, v in facts.items()}
        answer = judge_eligibility(Evaluation(**filled), date(1981, 6, 14), p, T0)
        return code in codes(answer.reasons)

    return fires


def phq9(total: float, days: float = 0) -> tuple[dict[str, Any], ...]:
    return ({"instrument": "phq9", "total": total, "taken_at": T0 - timedelta(days=days)},)


def trials(many: float = 2, **more: Any) -> tuple[dict[str, Any], ...]:
    drugs = ("sertraline", "fluoxetine", "mirtazapine", "bupropion", "venlafaxine")
    good = {"max_dose_mg": 400, "weeks_at_adequate_dose": 20, "adherence_percent": 100}
    return tuple({"drug": drug, **good, **more} for drug in drugs[: int(many)])


def order(code: str, **facts: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        filled = {k: (v(value) if callable(v) else v) for k, v in facts.items()}
        decision = judge_order(DoseFacts(**{"dose_mg": 35, "weight_kg": 70, **filled}), p)
        return code in codes((*decision.reasons, *decision.notes))

    return fires


def step(code: str, last: Callable[[float], PriorDose] | None = None, **facts: Any) -> Fires:
    """A rise from 0.5 mg/kg by `mg_per_kg`, as the titration judges it."""

    def fires(value: float, p: Parameters) -> bool:
        filled = {k: (v(value) if callable(v) else v) for k, v in facts.items()}
        rise = filled.pop("mg_per_kg", 0.1)
        prior = filled.pop("prior", (DOSED, last(value) if last else DOSED))
        judged = judge_titration(
            (0.5 + rise) * 70, 70, p, prior=prior, standard_mg=35,
            **{"improvement_percent": 0, **filled},
        )  # fmt: skip
        return code in codes((*judged.refusals, *judged.seconds))

    return fires


def ready(code: str, modality: Modality = IV, **facts: Any) -> Fires:
    """Whether a gate stands open at T0; `facts` go to the plan, the check-in or the reading."""

    def fires(value: float, p: Parameters) -> bool:
        filled = {k: (v(value) if callable(v) else v) for k, v in facts.items()}
        plan = {
            "session_id": "s", "journey_id": "j", "clinic": NORTH, "modality": modality,
            "protocol": Protocol(version="standard-1", parameters={}), "number": 2,
            "scheduled_at": T0,
        }  # fmt: skip
        plan |= {k: v for k, v in filled.items() if k in SessionPlan.model_fields}
        here = {k: v for k, v in filled.items() if k in CheckIn.model_fields}
        read = {k: v for k, v in filled.items() if k in VitalSigns.model_fields}
        more = {k: filled[k] for k in ("last_modality", "recent_doses_at") if k in filled}
        answer = judge_readiness(
            SessionPlan(**plan), CheckIn(command_id="c", actor=NURSE, **here), None, False,
            VitalSigns(**read), None, T0, p, **more,
        )  # fmt: skip
        return code in codes(answer.missing)

    return fires


def screened(code: str, modality: Modality = IV, **facts: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        filled = {k: (v(value) if callable(v) else v) for k, v in facts.items()}
        decision = judge_screening(Screening.model_validate(filled), modality, T0, p)
        found = (f.reason for f in decision.findings)
        return code in codes((*decision.reasons, *found))

    return fires


def result(kind: str, name: str, **more: Any) -> Fires:
    return screened(
        f"{kind}_expired",
        work_up=lambda v: (
            WorkUp(kind=kind, taken_at=T0 - length(name, v), result="normal"),
        ),
        **more,
    )  # fmt: skip


def score(instrument: Instrument, total: float, item: int | None = None) -> Score:
    return Score(instrument=instrument, total=total, taken_at=T0, suicidality=item)


def fell(level: str, instrument: Instrument = Instrument.GAD7) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        now = score(instrument, 100 - value)
        return response(score(instrument, 100), now, p).level.value == level

    return fires


def dosed_ago(name: str) -> Callable[[float], datetime]:
    return lambda value: T0 - length(name, value)


def gapped(name: str, code: str, modality: Modality = IV, *, induction: bool = False) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        month = timedelta(days=300)
        found = judge_gap(
            length(name, value), modality, p, in_induction=induction, planned_interval=month
        )
        return code in codes(found)

    return fires


def consented(name: str, code: str) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        return code in codes(
            needs_reconsent(
                FORM, T0 - length(name, value), T0, p, modality=IV, entering_maintenance=True
            )
        )

    return fires


def weighs(kg: float) -> SessionResult:
    return SessionResult(
        session_id="s", modality=IV, number=1, outcome=DoseOutcome.COMPLETED, phase="DISCHARGED",
        ended_at=T0, scheduled_at=T0 - timedelta(days=3), weight_kg=kg,
    )  # fmt: skip


def risk(instrument: Instrument) -> Fires:
    return lambda value, p: (
        triage_scores((score(instrument, 0, int(value)),), p).level.value != "none"
    )


def monitored(kind: str, name: str) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        items = monitoring_due({}, T0 - length(name, value), T0, p)
        return next(item.overdue for item in items if item.kind == kind)

    return fires


def switched(code: str, name: str) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        found = judge_switch(
            first_spray_at=T0, last_infusion_at=T0 - length(name, value), site_certified=True,
            patient_enrolled=True, consent_in_force=True, screening=None,
            prior_trials_documented=True, authorization_approved=True, parameters=p,
        )  # fmt: skip
        return code in codes(found)

    return fires


def drilled(value: float, p: Parameters) -> bool:
    drill = EmergencyItem(
        item="drill",
        checked_on=T0.date() - timedelta(days=value),
        valid_until=T0.date() + timedelta(days=900),
    )
    clinic = NORTH.model_copy(update={"emergency_protocol": (drill,)})
    return "drill_due" in codes(clinic_alerts(clinic, T0.date(), p))


def past(name: str, code: str) -> Fires:
    """A follow-up that has been without an answer for so long."""
    return lambda value, p: (
        code in codes(judge_follow_up(1, T0, T0 + length(name, value), p, at_risk=True))
    )


def leaves(code: str, **stated: Callable[[float], object]) -> Fires:
    """A discharge criterion that is not met by what a clinician states."""

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


def facts(to: float = 100, **more: Any) -> ReevaluationFacts:
    """A reevaluation whose score went from 100 to `to`."""
    return ReevaluationFacts(
        baseline=(score(Instrument.MADRS, 100),), latest=(score(Instrument.MADRS, to),), **more
    )


def lost(instrument: Instrument) -> Fires:
    """Two assessments ten days apart that show this score, without a baseline."""

    def fires(value: float, p: Parameters) -> bool:
        found = [
            Score(instrument=instrument, total=value, taken_at=T0 + timedelta(days=days))
            for days in (0, 10)
        ]
        return judge_relapse((), found, p).relapsed

    return fires


FORM = ConsentForm(modality=IV, document_version="v1", signer="Wilhelmina Pontefract")
HIGH = VitalSigns(systolic_mmhg=190, diastolic_mmhg=115, taken_at=T0 - timedelta(minutes=3))
TABLE: tuple[tuple[str, str, float, Fires], ...] = (
    # vital signs
    ("bp.pre_sys_review", ">", 1, sign("pre", "systolic_mmhg", "pressure_repeat")),
    ("bp.pre_dia_review", ">", 1, sign("pre", "diastolic_mmhg", "pressure_repeat")),
    ("bp.pre_sys_block", ">", 1, sign("pre", "systolic_mmhg", "pressure_block", HIGH)),
    ("bp.pre_dia_block", ">", 1, sign("pre", "diastolic_mmhg", "pressure_block", HIGH)),
    ("bp.alert_sys", ">=", 1, sign("during", "systolic_mmhg", "pressure_alert")),
    ("bp.alert_dia", ">=", 1, sign("during", "diastolic_mmhg", "pressure_alert")),
    ("bp.pause_sys", ">=", 1, sign("during", "systolic_mmhg", "pressure_pause", HIGH)),
    ("bp.pause_dia", ">=", 1, sign("during", "diastolic_mmhg", "pressure_pause", HIGH)),
    ("bp.stop_sys", ">=", 1, sign("during", "systolic_mmhg", "pressure_stop")),
    ("bp.stop_dia", ">=", 1, sign("during", "diastolic_mmhg", "pressure_stop")),
    ("bp.hypo_sys", "<", 1, sign("during", "systolic_mmhg", "pressure_low")),
    ("bp.drop_pct", ">", 1, drop),
    ("bp.resume_sys", "<", 1, resumes(diastolic_mmhg=65)),
    ("bp.resume_dia", "<", 1, resumes(systolic_mmhg=105)),
    ("hr.pre_low", "<", 1, sign("pre", "heart_rate_bpm", "vitals_hold")),
    ("hr.pre_high", ">", 1, sign("pre", "heart_rate_bpm", "vitals_hold")),
    ("hr.pause_high", ">", 1, sign("during", "heart_rate_bpm", "heart_rate_high")),
    ("hr.low", "<", 1, sign("during", "heart_rate_bpm", "heart_rate_low")),
    ("hr.sustained", ">=", 0.5,
     lasting("hr.sustained", "heart_rate_sustained", heart_rate_bpm=140)),
    ("distress.settle_within", ">=", 0.5,
     lasting("distress.settle_within", "distress_unsettled", symptoms=("panic",))),
    ("spo2.pre_min", "<", 1, sign("pre", "spo2_percent", "vitals_hold")),
    ("spo2.alert", "<", 1, sign("during", "spo2_percent", "oxygen_alert")),
    ("spo2.stop", "<", 1, sign("during", "spo2_percent", "oxygen_stop")),
    ("rr.pre_low", "<", 1, sign("pre", "respiratory_rate_per_min", "vitals_hold")),
    ("rr.pre_high", ">", 1, sign("pre", "respiratory_rate_per_min", "vitals_hold")),
    ("rr.stop", "<", 1, sign("during", "respiratory_rate_per_min", "breathing_stop")),
    ("temp.pre_high", ">", 0.1, sign("pre", "temperature_c", "vitals_hold")),
    ("sed.moaas_pause", "<=", 1, lambda v, p: any(
        sign("during", "moaas", code)(v, p) for code in ("sedation_pause", "sedation_stop"))),
    ("sed.moaas_stop", "<=", 1, sign("during", "moaas", "sedation_stop")),
    ("iv.vitals_missing_alert", ">=", 0.5,
     lambda v, p: judge_missing(T0, T0 + timedelta(minutes=v), 1, p).alert),
    ("iv.vitals_missing_escalate", ">=", 0.5,
     lambda v, p: judge_missing(T0, T0 + timedelta(minutes=v), 1, p).escalate),
    ("iv.vitals_missing_pause", ">=", 1,
     lambda v, p: judge_missing(T0, T0 + timedelta(hours=1), int(v), p).pause),
    # discharge
    ("dis.hr_max", "<", 1, goes("heart_rate", "heart_rate_bpm")),
    ("dis.hr_pct", "<=", 1, lambda v, p: goes("heart_rate", "heart_rate_bpm",
                                              heart_rate_bpm=100)(100 + v, p)),
    ("dis.spo2_min", ">=", 1, goes("oxygen", "spo2_percent")),
    ("dis.spo2_held", ">=", 1, held),
    ("dis.rr_low", ">=", 1, goes("breathing", "respiratory_rate_per_min")),
    ("dis.rr_high", "<=", 1, goes("breathing", "respiratory_rate_per_min")),
    ("dis.cadss6_delta", "<=", 1,
     lambda v, p: goes("dissociation", "cadss6", cadss6=3)(3 + v, p)),
    ("iv.obs_min_after_end", ">=", 1,
     lambda v, p: T0 + timedelta(minutes=v) >= review_opens_at(IV, T0, p)),
    ("esk.obs_min", ">=", 1,
     lambda v, p: T0 + timedelta(minutes=v) >= review_opens_at(SPRAY, T0, p)),
    ("iv.obs_long_review", ">=", 1,
     lambda v, p: T0 + timedelta(minutes=v) >= long_review_at(IV, T0, p)),
    ("esk.obs_long_review", ">=", 1,
     lambda v, p: T0 + timedelta(minutes=v) >= long_review_at(SPRAY, T0, p)),
    # dosing
    ("iv.dose_cap_first", ">", 0.5, order("over_first_cap", dose_mg=lambda v: v, weight_kg=100)),
    ("iv.dose_cap_mg", ">", 0.5, order("over_cap", dose_mg=lambda v: v, weight_kg=200)),
    ("iv.dose_cap_mgkg", ">", 0.05,
     order("over_cap_per_kg", dose_mg=lambda v: v * 50, weight_kg=50)),
    ("iv.duration_min", "<", 1, order("duration", duration_min=lambda v: v)),
    ("iv.duration_max", ">", 1, order("duration", duration_min=lambda v: v)),
    ("iv.weight_recompute_pct", ">=", 0.5,
     lambda v, p: weight_voids_order(40, 40 * (1 + v / 100), p)),
    ("iv.weight_recompute_kg", ">=", 0.1, lambda v, p: weight_voids_order(140, 140 + v, p)),
    ("iv.completed_fraction", ">=", 0.01,
     lambda v, p: judge_delivery(100, 100 * v, p) is DoseOutcome.COMPLETED),
    ("iv.partial_fraction", "<", 0.01,
     lambda v, p: judge_delivery(100, 100 * v, p) is DoseOutcome.ABORTED),
    ("screen.weight_review_low", "<", 1, order("weight_review", weight_kg=lambda v: v)),
    ("screen.weight_review_high", ">", 1, order("weight_review", weight_kg=lambda v: v)),
    ("iv.titration_step", ">", 0.01, step("large_step", mg_per_kg=lambda v: v)),
    ("iv.titration_step_max", ">", 0.01, step("step_too_large", mg_per_kg=lambda v: v)),
    ("iv.titration_after", "<", 1,
     step("titration_too_early", prior=lambda v: (DOSED,) * int(v))),
    ("iv.titration_below_pct", ">=", 1,
     step("already_improving", improvement_percent=lambda v: v)),
    ("iv.titration_moaas_min", "<", 1, step(
        "last_sedation", lambda v: DOSED.model_copy(update={"lowest_moaas": int(v)}))),
    ("iv.titrate_down_moaas", "<=", 1, step(
        "titrate_down", lambda v: DOSED.model_copy(update={"lowest_moaas": int(v)}), mg_per_kg=0)),
    ("iv.titrate_down_duration", "<", 1, step(
        "titrate_down", lambda _: DOSED.model_copy(update={"vomited": True}), mg_per_kg=0,
        duration_min=lambda v: v)),
    # readiness
    ("iv.min_interval", "<", 1,
     ready("too_soon", last_dose_at=dosed_ago("iv.min_interval"), last_modality=IV)),
    ("iv.max_per_7d", ">=", 1,
     ready("weekly_limit", recent_doses_at=lambda v: (T0 - timedelta(days=1),) * int(v))),
    ("esk.gap_after_iv_hard", "<", 1, ready(
        "too_soon", SPRAY, last_dose_at=dosed_ago("esk.gap_after_iv_hard"), last_modality=IV)),
    ("esk.gap_after_iv_target", "<", 1, ready(
        "gap_after_infusion", SPRAY, last_dose_at=dosed_ago("esk.gap_after_iv_target"),
        last_modality=IV)),
    ("esk.gap_after_iv_hard", "<", 1, switched("too_soon", "esk.gap_after_iv_hard")),
    ("esk.gap_after_iv_target", "<", 1, switched("gap_below_target", "esk.gap_after_iv_target")),
    ("arrival.late_max", ">", 1,
     ready("too_late", arrived_at=lambda v: T0 + timedelta(minutes=v))),
    ("screen.alcohol_free", "<", 1,
     ready("alcohol", last_alcohol_at=dosed_ago("screen.alcohol_free"))),
    ("screen.weight_confirm_pct", ">", 1, ready(
        "weight_second_person", history=(weighs(100),), weight_kg=lambda v: 100 + v,
        systolic_mmhg=120)),
    ("screen.weight_confirm_pct", ">", 1, ready(
        "weight_second_person", dosing_weight_kg=100.0, weight_kg=lambda v: 100 - v)),
    # eligibility and screening
    ("elig.phq9_min", "<", 1, eligible("severity_too_low", assessments=phq9)),
    ("elig.severity_max_age", ">", 1,
     eligible("severity_missing", assessments=lambda v: phq9(20, v))),
    ("elig.episode_min", "<", 1, eligible("episode_too_short", episode_weeks=lambda v: v)),
    ("elig.failed_trials_min", "<", 1, eligible("too_few_failed_trials", trials=trials)),
    ("elig.trial_min_weeks", "<", 0.5,
     eligible("trial_too_short", trials=lambda v: trials(weeks_at_adequate_dose=v))),
    ("elig.trial_adherence_min", "<", 1,
     eligible("trial_adherence", trials=lambda v: trials(adherence_percent=v))),
    ("elig.trial_nonresponse_max_improvement", ">=", 1,
     eligible("trial_responded", trials=lambda v: trials(improvement_percent=v))),
    ("elig.min_age", "<", 1, screened("age_under_18", age_years=int)),
    ("elig.max_age_soft", ">", 1, screened("age_over_soft_limit", age_years=int)),
    ("screen.weight_review_low", "<", 1, screened("weight_outside_range", weight_kg=lambda v: v)),
    ("screen.hp_valid", ">", 1, result("history_physical", "screen.hp_valid")),
    ("screen.ecg_valid", ">", 1, result("ecg", "screen.ecg_valid")),
    ("screen.ecg_valid_cv_risk", ">", 1,
     result("ecg", "screen.ecg_valid_cv_risk", conditions=("stroke",))),
    ("screen.lft_valid", ">", 1, result("lft", "screen.lft_valid")),
    ("screen.ua_valid", ">", 1, result("ua", "screen.ua_valid")),
    ("screen.uds_valid", ">", 1, result("uds", "screen.uds_valid")),
    ("screen.alt_ast_hold_uln", ">", 0.1, screened("liver_tests_raised", work_up=lambda v: (
        WorkUp(kind="lft", taken_at=T0, result="normal", value=v),))),
    ("consent.valid", ">=", 1, consented("consent.valid", "consent_expired")),
    ("consent.maintenance_renewal", ">=", 1,
     consented("consent.maintenance_renewal", "consent_maintenance_renewal")),
    # instruments and risk
    ("instr.response", ">=", 1, fell("response")),
    ("instr.partial_min", ">=", 1, lambda v, p: fell("non_response")(v, p) is False),
    ("instr.worsening_pct", ">=", 1, lambda v, p: fell("worsening")(-v, p)),
    ("instr.worsening_phq9", ">=", 1, lambda v, p: response(
        score(Instrument.PHQ9, 100), score(Instrument.PHQ9, 100 + v), p).level == "worsening"),
    ("instr.remission_phq9", "<", 1, lambda v, p: in_remission(score(Instrument.PHQ9, v), p)),
    ("instr.remission_qids", "<=", 1,
     lambda v, p: in_remission(score(Instrument.QIDS_SR16, v), p)),
    ("risk.qids_item12", ">=", 1, risk(Instrument.QIDS_SR16)),
    ("risk.madrs_item10", ">=", 1, risk(Instrument.MADRS)),
    # course and after-care
    ("gap.induction_restart", ">=", 1, gapped(
        "gap.induction_restart", "prescriber_decides_restart", SPRAY, induction=True)),
    ("gap.refresh_after", ">", 1, gapped("gap.refresh_after", "refresh_checks")),
    ("consent.reconsent_gap", ">", 1,
     gapped("consent.reconsent_gap", "consent_and_screening_again")),
    ("gap.reassess_intervals", ">", 0.5, lambda v, p: "reassess" in codes(judge_gap(
        timedelta(days=7 * v), IV, p, in_induction=False, planned_interval=timedelta(days=7)))),
    ("noshow.hold_after", ">=", 1, lambda v, p: "hold_journey" in codes(judge_missed(int(v), p))),
    ("noshow.max_consecutive", ">=", 1,
     lambda v, p: "psychiatrist_decides" in codes(judge_missed(int(v), p))),
    ("stop.max_acute", ">=", 1,
     lambda v, p: "acute_cap" in codes(cap_reasons((), T0, p, acute_sessions=int(v)))),
    ("maint.hard_alert_12mo", ">=", 1,
     lambda v, p: "year_alert" in codes(cap_reasons((T0,) * int(v), T0, p))),
    ("maint.soft_cap_12mo", ">=", 1,
     lambda v, p: "year_review" in codes(cap_reasons((T0,) * int(v), T0, p))),
    ("mon.luts", ">", 1, monitored("luts", "mon.luts")),
    ("mon.cognition", ">", 1, monitored("cognition", "mon.cognition")),
    ("mon.lft", ">", 1, monitored("lft", "mon.lft")),
    ("after.followup_from", ">=", 1, past("after.followup_from", "attempt_contact")),
    ("after.attempts_until", ">=", 1, past("after.attempts_until", "clinician_takes_over")),
    ("after.welfare_check", ">=", 1, past("after.welfare_check", "welfare_check_decision")),
    ("after.followup_by", "<=", 1,
     lambda v, p: T0 + timedelta(hours=v) <= follow_up_window(T0, p)[1]),
    ("after.followup_attempts", ">=", 1, lambda v, p: "clinician_takes_over" in codes(
        judge_follow_up(int(v), T0, T0 + timedelta(hours=29), p, at_risk=False))),
    ("after.journal_gap_nudge", ">=", 1, lambda v, p: judge_journal_gap(
        None, date(2027, 1, 1), date(2027, 1, 1) + timedelta(days=v), p) != JournalStep.NOTHING),
    # more of eligibility, work-up and consent
    ("elig.madrs_min", "<", 1, eligible("severity_too_low", assessments=lambda v: (
        {"instrument": "madrs", "total": v},))),
    ("elig.qids_min", "<", 1, eligible("severity_too_low", assessments=lambda v: (
        {"instrument": "qids_sr16", "total": v},))),
    ("elig.ymrs_max", ">", 1, eligible("mania_screen", ymrs=int)),
    ("elig.moca_min", "<", 1, eligible("cognition_screen", moca=int)),
    ("screen.cbc_tsh_valid", ">", 1, result("cbc", "screen.cbc_tsh_valid")),
    ("pdmp.repeat", ">", 1, result("pdmp", "pdmp.repeat")),
    ("screen.mi_stroke_exclusion", "<", 1, lambda v, p: judge_screening(
        Screening.model_validate({"dated_conditions": (
            {"condition": "stroke", "happened_on": T0.date() - timedelta(days=v)},)}), IV, T0, p
    ).outcome is ScreeningOutcome.BLOCKED),
    ("consent.min_lead_before_dose", "<", 1, lambda v, p: "consent_signed_too_late" in codes(
        judge_consent(FORM, T0 - timedelta(minutes=v), IV, T0, p).reasons)),
    ("iv.fast_solids", "<", 1, ready("food_gap", last_solids_at=dosed_ago("iv.fast_solids"))),
    ("iv.fast_clear", "<", 1, ready("liquid_gap", last_liquids_at=dosed_ago("iv.fast_clear"))),
    ("esk.food_gap", "<", 1,
     ready("food_gap", SPRAY, last_solids_at=dosed_ago("esk.food_gap"))),
    ("esk.liquid_gap", "<", 1,
     ready("liquid_gap", SPRAY, last_liquids_at=dosed_ago("esk.liquid_gap"))),
    ("esk.nasal_drug_gap", "<", 1,
     ready("nasal_drug_gap", SPRAY, last_nasal_drug_at=dosed_ago("esk.nasal_drug_gap"))),
    ("dis.aldrete_min", "<", 1, leaves("aldrete", aldrete=int)),
    ("dis.orientation", "<", 1, leaves("orientation", orientation=int)),
    ("dis.discharge_bp_pct", "<=", 1, lambda v, p: next(
        c.met for c in reading_criteria(
            (VitalSigns(systolic_mmhg=250, diastolic_mmhg=80, taken_at=T0 - timedelta(minutes=9)),
             VitalSigns(systolic_mmhg=200 + 2 * int(v), diastolic_mmhg=80, taken_at=T0)),
            VitalSigns(systolic_mmhg=200, diastolic_mmhg=80), T0, p)
        if c.code == "blood_pressure")),
    ("instr.clock_skew", ">", 1, lambda v, p: not isinstance(score_of(Assessment(
        instrument=Instrument.PHQ9, total=9, taken_at=T0 + timedelta(minutes=v)), T0, p), Score)),
    ("reeval.early_session", ">=", 1,
     lambda v, p: early_review(facts(infusions_given=int(v)), p).due),
    ("stop.nonresponse_after", ">=", 1, lambda v, p: "S1" in codes(
        stop_rules(facts(infusions_given=int(v)), p))),
    ("stop.nonresponse_absolute", ">=", 1, lambda v, p: "S1" in codes(
        stop_rules(facts(infusions_given=int(v), titration_left=True), p))),
    ("stop.nonresponse_pct", "<", 1, lambda v, p: "S1" in codes(
        stop_rules(facts(to=100 - v, infusions_given=6), p))),
    ("stop.safety_sessions", ">=", 1,
     lambda v, p: "S3" in codes(stop_rules(facts(stop_sessions=int(v)), p))),
    ("reeval.missing_hold", ">=", 1,
     lambda v, p: propose(facts(assessments_missing=int(v)), p).row == 12),
    ("relapse.phq9", ">=", 1, lost(Instrument.PHQ9)),
    ("relapse.qids", ">", 1, lost(Instrument.QIDS_SR16)),
    ("relapse.madrs", ">=", 1, lost(Instrument.MADRS)),
    ("relapse.confirm_gap", ">=", 1, lambda v, p: judge_relapse((), (
        score(Instrument.PHQ9, 25), Score(instrument=Instrument.PHQ9, total=25,
                                          taken_at=T0 + timedelta(days=v))), p).relapsed),
    # substance, clinic, reports
    ("cs.reconcile_tolerance", ">", 0.1, lambda v, p: "waste_variance" in codes(judge_waste(
        50 + v, 40, Waste(wasted_mg=10, witness=Actor(id="rn-abara", role=Role.NURSE)),
        NURSE, p))),
    ("drill.interval", ">", 1, drilled),
    ("ae.serious_internal", ">=", 1, lambda v, p: next(
        d.by for d in report_deadlines(AdverseEvent(code="fall", grade=4, description="fell"),
                                       IV, T0, NORTH, p)
        if d.to == "medical_director_written") <= T0 + timedelta(hours=v)),
)  # fmt: skip


def fires_at(sign_: str, at: float, step_: float) -> dict[float, bool]:
    """What each sign says just under, at and just over its parameter."""
    under, over = round(at - step_, 6), round(at + step_, 6)
    return {
        ">": {under: False, at: False, over: True},
        ">=": {under: False, at: True, over: True},
        "<": {under: True, at: False, over: False},
        "<=": {under: True, at: True, over: False},
    }[sign_]


def another(name: str, step_: float) -> float:
    """The value one step to the stricter side; where the clinic is free, one inside its range."""
    parameter = PARAMETERS[name]
    default = float(str(parameter.default))
    if parameter.low is None or parameter.high is None:
        return default
    down = parameter.tighter is Tighter.LOWER or (
        parameter.tighter is None and default - step_ >= parameter.low
    )
    moved = round(default - step_ if down else default + step_, 6)
    return moved if parameter.low <= moved <= parameter.high else default


@pytest.mark.parametrize("moved", [False, True], ids=["standard", "moved"])
@pytest.mark.parametrize(
    ("name", "sign_", "step_", "fires"), TABLE, ids=[f"{i}-{row[0]}" for i, row in enumerate(TABLE)]
)
def test_a_threshold_decides_on_both_sides_of_its_value(
    name: str, sign_: str, step_: float, fires: Fires, moved: bool
) -> None:
    at = another(name, step_) if moved else float(str(PARAMETERS[name].default))
    p = Parameters({**P.values, name: at})
    expected = fires_at(sign_, at, step_)
    assert {value: fires(value, p) for value in expected} == expected


@pytest.mark.parametrize("name", sorted({row[0] for row in TABLE}))
def test_the_table_compares_as_the_parameter_page_says(name: str) -> None:
    stated = PARAMETERS[name].sign
    opposite = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
    if stated:
        assert {row[1] for row in TABLE if row[0] == name} <= {stated, opposite[stated]}


RANGED = [
    p
    for p in PARAMETERS.values()
    if p.low is not None and p.kind in (ValueKind.NUMBER, ValueKind.INTEGER)
]


def loaded(name: str, value: float) -> list[str]:
    """The rules by which a file refuses this one value, of the name itself."""
    text = f"code: harbour\nversion: harbour-2\nparameters:\n  {name}: {value!r}\n"
    try:
        read = parse_protocol(text, "harbour.yaml")
    except ProtocolRefused as refused:
        rules = [p.rule for p in refused.problems if p.name == name]
        return [rule for rule in rules if not rule.startswith("may not be above")]
    assert read.parameters[name] == value
    return []


@pytest.mark.parametrize("parameter", RANGED, ids=lambda p: p.name)
def test_a_file_may_go_to_both_ends_of_a_range_and_no_further(parameter: Any) -> None:
    whole = parameter.kind is ValueKind.INTEGER
    low, high = (int(end) if whole else float(end) for end in (parameter.low, parameter.high))
    beyond = 1 if whole else 0.001

    assert loaded(parameter.name, low) == []
    assert loaded(parameter.name, high) == []
    assert loaded(parameter.name, low - beyond)
    assert loaded(parameter.name, high + beyond)
