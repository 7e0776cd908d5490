"""What only today can tell: who came, with whom, fasted, sober, safe, and with what at hand."""

from datetime import datetime, timedelta

from clinical.mood_scale import missing_mood_scale, risk_by_scale
from clinical.nasal_spray import prescriber_needed
from clinical.parameters import Parameters
from clinical.risk_today import missing_risk
from clinical.work_up import hcg_validity
from schemas.base import Role
from schemas.infusion import CheckIn, Missing, SessionPlan
from schemas.screening import Modality

SURE_ALTERNATIVES = frozenset({"sterility", "menopause", "physician_waiver"})
"""What may stand in for a pregnancy test (11.9), documented today."""

CLEARANCE_VOIDED = frozenset({"new_diagnosis", "emergency_visit", "surgery", "admission"})
"""Changes since the last session that void the medical clearance (11.15)."""

DEFER_TODAY = frozenset({"fever", "infection", "nasal_obstruction", "other_sedation"})
"""Reasons to put the session off (11.51)."""

TREATED_ELSEWHERE = frozenset({"ketamine_elsewhere", "unexplained_prescription"})
"""Not until it is reconciled (11.36)."""


def missing_today(
    plan: SessionPlan,
    check_in: CheckIn,
    dosing_at: datetime,
    parameters: Parameters,
    *,
    pregnancy_reported: bool = False,
) -> list[Missing]:
    """Everything a check-in leaves missing (fact sheet 4.2; for the spray 5.3).
    `pregnancy_reported`: as an adverse event of this day."""
    return [
        *_person(plan, check_in, dosing_at, parameters),
        *(
            _pregnancy_known(check_in, reported=pregnancy_reported)
            or _pregnancy_test(plan, check_in, dosing_at, parameters)
        ),
        *missing_mood_scale(plan, check_in, dosing_at, parameters),
        *missing_risk(check_in, risk_by_scale(check_in.mood_scale, dosing_at, parameters)),
        *_changes(check_in),
        *_gaps(plan.modality, check_in, dosing_at, parameters),
        *_observer(plan, check_in),
        *_room(plan.modality, check_in, parameters),
    ]


def _person(
    plan: SessionPlan, check_in: CheckIn, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    missing = []
    if not check_in.identity_confirmed:
        missing.append(_needs("identity", "Identity confirmed by two identifiers.", Role.NURSE))
    escort = check_in.escort
    named = escort is not None and bool(escort.phone)
    if parameters.flag("dis.escort_required") and not (named and check_in.escort_confirmed):
        text = "An adult escort, by name and phone, confirmed for the way home."
        missing.append(_needs("escort", text, Role.CARE_COORDINATOR, plan.scheduled_at))
    if check_in.intoxicated:
        text = "Intoxicated or a positive drug screen: not today."
        missing.append(_needs("intoxicated", text, Role.PRESCRIBER))
    drank_at = check_in.last_alcohol_at
    sober_at = drank_at + parameters.duration("screen.alcohol_free") if drank_at else None
    if sober_at is not None and dosing_at < sober_at:
        text = "Alcohol too short before the dose: not today."
        missing.append(_needs("alcohol", text, Role.PRESCRIBER, sober_at))
    if not check_in.medicines_reconciled:
        text = "Every medicine taken now is gone through."
        missing.append(_needs("medicines_not_reconciled", text, Role.NURSE))
    late_at = plan.scheduled_at + parameters.duration("arrival.late_max")
    if check_in.arrived_at is not None and check_in.arrived_at > late_at:
        text = "Arrived later than the slot allows: rebook."
        missing.append(_needs("too_late", text, Role.CARE_COORDINATOR, late_at, overridable=True))
    return missing


def _pregnancy_known(check_in: CheckIn, *, reported: bool) -> list[Missing]:
    """No dose of either medicine (11.8). Once it is reported no test of today lifts it: the journey
    is held, and a prescriber decides what follows."""
    if check_in.pregnancy_test_negative is False:
        text = "Pregnancy test positive: no dose; repeat, and refer to obstetrics."
        return [_needs("pregnancy_test_positive", text, Role.PRESCRIBER)]
    if reported:
        text = "A pregnancy was reported: no dose today; repeat the test, refer to obstetrics."
        return [_needs("pregnancy_reported", text, Role.PRESCRIBER)]
    return []


def _pregnancy_test(
    plan: SessionPlan, check_in: CheckIn, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """A negative test in date (2.3), or what surely stands in for it. A test without a time was
    made today."""
    stands_in = check_in.pregnancy_alternative in SURE_ALTERNATIVES
    if not plan.pregnancy_test_needed or stands_in:
        return []
    if check_in.pregnancy_test_negative:
        valid = hcg_validity(first=plan.last_dose_at is None, parameters=parameters)
        tested_at = check_in.pregnancy_test_at
        if tested_at is None or tested_at + valid >= dosing_at:
            return []
        text = "The pregnancy test is no longer valid: test again."
        return [_needs("pregnancy_test_expired", text, Role.NURSE)]
    if check_in.pregnancy_test_refused:
        text = "Pregnancy test refused: a documented alternative is needed."
        return [_needs("pregnancy_test_refused", text, Role.PRESCRIBER)]
    return [_needs("pregnancy_test_missing", "A negative pregnancy test today.", Role.NURSE)]


def _changes(check_in: CheckIn) -> list[Missing]:
    told = frozenset(check_in.changes_since_last)
    missing = []
    if told & CLEARANCE_VOIDED:
        text = "A change since the last session voids the medical clearance: screen again."
        missing.append(_needs("clearance_voided", text, Role.MEDICAL_SCREENER))
    if told & DEFER_TODAY:
        text = "Fever, infection, a blocked nose or other sedation: another day."
        missing.append(_needs("defer_today", text, Role.PRESCRIBER, overridable=True))
    if told & TREATED_ELSEWHERE:
        text = "Ketamine elsewhere or an unexplained prescription: reconcile first."
        missing.append(_needs("treated_elsewhere", text, Role.PRESCRIBER))
    if unknown := sorted(told - CLEARANCE_VOIDED - DEFER_TODAY - TREATED_ELSEWHERE):
        text = f"A change without a rule, to be judged before dosing: {', '.join(unknown)}."
        missing.append(_needs("change_to_review", text, Role.PRESCRIBER, overridable=True))
    return missing


def _gaps(
    modality: Modality, check_in: CheckIn, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """Hours since food, drink and nasal medicines. Not asked is not fasted (11.20)."""
    spray = modality is Modality.ESKETAMINE
    solids = parameters.duration("esk.food_gap" if spray else "iv.fast_solids")
    liquids = parameters.duration("esk.liquid_gap" if spray else "iv.fast_clear")
    missing = [
        *_gap("food", check_in.last_solids_at, solids, dosing_at, overridable=not spray),
        *_gap("liquid", check_in.last_liquids_at, liquids, dosing_at, overridable=not spray),
    ]
    if spray and check_in.last_nasal_drug_at is not None:
        nasal = parameters.duration("esk.nasal_drug_gap")
        missing += _gap("nasal_drug", check_in.last_nasal_drug_at, nasal, dosing_at)
    return missing


def _gap(
    what: str,
    last_at: datetime | None,
    gap: timedelta,
    dosing_at: datetime,
    *,
    overridable: bool = False,
) -> list[Missing]:
    word = what.replace("_", " ")
    if last_at is None:
        return [_needs(f"{what}_time_unknown", f"When the last {word} was.", Role.NURSE)]
    if dosing_at >= last_at + gap:
        return []
    text = f"Too soon after {word}: wait within the slot, else rebook."
    return [_needs(f"{what}_gap", text, Role.NURSE, last_at + gap, overridable=overridable)]


def _observer(plan: SessionPlan, check_in: CheckIn) -> list[Missing]:
    """One nurse for this patient alone (11.34): the one whom the clinic's book keeps for this dose,
    who can have no other; or another, where somebody says why."""
    if check_in.observer is None:
        return [_needs("observer", "One observer for this patient alone.", Role.NURSE)]
    if plan.observer in (None, check_in.observer) or check_in.observer_change:
        return []
    text = "Another nurse is booked to observe this dose: name that one, or say why it changed."
    return [_needs("observer_not_booked", text, Role.NURSE)]


def _room(modality: Modality, check_in: CheckIn, parameters: Parameters) -> list[Missing]:
    needed = [
        (check_in.emergency_kit_checked, "emergency_kit", "The emergency kit, checked today."),
        (check_in.monitor_checked, "monitor", "Power and monitor checked."),
    ]
    if modality is Modality.ESKETAMINE and parameters.flag("esk.pulse_ox_required"):
        needed.append((check_in.pulse_oximeter, "pulse_oximeter", "A pulse oximeter at the chair."))
    missing = [_needs(code, text, Role.NURSE) for present, code, text in needed if not present]
    if prescriber_needed(modality, parameters) and not check_in.prescriber_on_site:
        text = "A prescriber on site for the dose and the observation."
        missing.append(_needs("prescriber_on_site", text, Role.PRESCRIBER))
    return missing


def _needs(
    code: str,
    text: str,
    supplied_by: Role,
    by: datetime | None = None,
    *,
    overridable: bool = False,
) -> Missing:
    return Missing(code=code, text=text, supplied_by=supplied_by, by=by, overridable=overridable)
