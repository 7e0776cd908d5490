"""Ready to dose, or everything that is missing: each with who can supply it and by when.

Fact sheet 4.2 (infusion), 5.3 and 5.4 (nasal spray), judged at the time of dosing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from clinical.clearance import missing_clearance
from clinical.clinic_hours import closes_at, local_date
from clinical.consent import dosing_from
from clinical.credentials import credential_lapsed, signed_until
from clinical.decision_kind import DecisionKind
from clinical.dosing import weight_voids_order
from clinical.interactions import medicines_to_review
from clinical.nasal_spray import missing_authorization, missing_spacing
from clinical.parameters import Parameters
from clinical.prescription_monitoring import is_first_dose, known_query, missing_query
from clinical.product import missing_product
from clinical.readiness_today import missing_today
from clinical.readiness_vitals import missing_vitals
from clinical.risk_today import REVIEWS_MEDICINES
from schemas.base import Code, Instant, Role, Value
from schemas.controlled_substance import DrugLot
from schemas.infusion import (
    CheckIn,
    Missing,
    OrderDose,
    Readiness,
    SessionPlan,
    VitalSigns,
)
from schemas.screening import Modality


def judge_readiness(  # noqa: PLR0917  the order the session workflow knows them in
    plan: SessionPlan,
    check_in: CheckIn | None,
    order: OrderDose | None,
    order_decision_allowed: bool,
    baseline: VitalSigns | None,
    lot: DrugLot | None,
    now: datetime,
    parameters: Parameters,
    overrides: frozenset[str] = frozenset(),
    *,
    earlier_readings: Sequence[VitalSigns] = (),
    starting: bool = False,
    last_modality: Modality | None = None,
    recent_doses_at: Sequence[datetime] = (),
    pregnancy_reported: bool = False,
    pressure_blocked: bool = False,
) -> Readiness:
    """Judge one session at its dosing time: the planned one, or now once that has passed.

    `check_in` None: only what can already be told (the 72, 24 and 2 hour gates). `baseline`: the
    last reading before dosing, mmHg and so on; `earlier_readings`: those before it.
    `starting`: judged as the pump starts, when the lot must be known too. `last_modality`: what
    `plan.last_dose_at` was; the first session of a modality follows the other one.
    `overrides`: codes that a medical director and a second key have overridden; they count only
    for what may be overridden at all (11.52). `pregnancy_reported`: as an adverse event of the day.
    `pressure_blocked`: two pressures before the dose ended the day's dosing (11.6).
    """
    dosing_at = max(now, plan.scheduled_at)
    found = [
        *_in_force(plan, dosing_at, parameters),
        *missing_clearance(plan, dosing_at),
        *_spacing(plan, dosing_at, parameters, last_modality, recent_doses_at),
        *missing_spacing(plan, dosing_at, parameters),
        *_clinic_open(plan, order, dosing_at, parameters),
        *_place_kept(plan, order, dosing_at, parameters),
        *_spray_setting(plan, parameters),
        *missing_authorization(plan, dosing_at),
        *_late_result(plan),
        *_lot(plan, lot, dosing_at, starting),
        *_query(plan, check_in, now, dosing_at, parameters),
    ]  # fmt: skip
    if check_in is not None:
        found += _order(plan, order, order_decision_allowed, parameters)
        found += _signature(plan, order, dosing_at)
        found += missing_product(plan, order, lot)
        read = (*earlier_readings, baseline) if baseline else tuple(earlier_readings)
        found += _weight(plan, order, read, parameters)
        found += missing_today(
            plan, check_in, dosing_at, parameters, pregnancy_reported=pregnancy_reported
        )
        found += _new_medicines(check_in, plan.modality)
        found += missing_vitals(read, dosing_at, parameters, blocked=pressure_blocked)
    standing = tuple(m for m in found if not (m.overridable and m.code in overrides))
    overridden = tuple(m.code for m in found if m.overridable and m.code in overrides)
    ready = check_in is not None and not standing
    return Readiness(ready=ready, missing=standing, ahead=check_in is None, overridden=overridden)


def _in_force(plan: SessionPlan, dosing_at: datetime, parameters: Parameters) -> list[Missing]:
    """Consent is measured to the dosing time, not to the booking; nobody is dosed on one signed a
    moment ago (section 3)."""
    missing = []
    if plan.consent_valid_until is None or plan.consent_valid_until < dosing_at:
        text = "Informed consent must be in force at the time of dosing."
        missing.append(_missing("consent_not_in_force", text, Role.PRESCRIBER, plan.scheduled_at))
    elif plan.consent_signed_at is not None:
        holds_at = dosing_from(plan.consent_signed_at, parameters)
        if dosing_at < holds_at:
            text = "Consent was signed too short before the dose: wait within the slot."
            missing.append(_missing("consent_too_fresh", text, Role.NURSE, holds_at))
    return missing


def _query(
    plan: SessionPlan,
    check_in: CheckIn | None,
    now: datetime,
    dosing_at: datetime,
    parameters: Parameters,
) -> list[Missing]:
    """The monitoring programme's query, of the journey or as it was told today (8.1)."""
    told = check_in.pdmp_queried_at if check_in else None
    return missing_query(
        known_query((plan.pdmp_queried_at, told), dosing_at),
        dosing_at,
        plan.clinic,
        parameters,
        first=is_first_dose(plan),
        now=now if check_in is None else None,
        by=plan.scheduled_at,
    )


def _spacing(
    plan: SessionPlan,
    dosing_at: datetime,
    parameters: Parameters,
    last_modality: Modality | None,
    recent: Sequence[datetime],
) -> list[Missing]:
    """Hours since the last dose, and how many in seven days (4.1, 5.6)."""
    missing: list[Missing] = []
    week_ago = dosing_at - timedelta(days=7)
    in_week = sum(1 for at in recent if week_ago < at <= dosing_at)
    infusion = plan.modality is Modality.IV_KETAMINE
    if infusion and in_week >= parameters.integer("iv.max_per_7d"):
        text = "As many infusions as seven days allow have been given."
        missing.append(_missing("weekly_limit", text, Role.CARE_COORDINATOR))
    if plan.last_dose_at is None:
        return missing
    switched = last_modality is not plan.modality if last_modality else plan.number == 1
    hard = "iv.min_interval" if infusion else "esk.gap_after_iv_hard"
    clear_at = plan.last_dose_at + parameters.duration(hard)
    if (infusion or switched) and dosing_at < clear_at:
        text = "Too soon after the last dose."
        return [*missing, _missing("too_soon", text, Role.CARE_COORDINATOR, clear_at)]
    target_at = plan.last_dose_at + parameters.duration("esk.gap_after_iv_target")
    if switched and not infusion and dosing_at < target_at:
        text = "Closer to the last infusion than the target gap: the prescriber decides."
        missing.append(
            _missing("gap_after_infusion", text, Role.PRESCRIBER, target_at, overridable=True)
        )
    return missing


def _clinic_open(
    plan: SessionPlan, order: OrderDose | None, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """The last start leaves room for dosing, observation and buffer before the clinic closes (4.2).
    A day planned by then may use up its buffer, by beginning late or by an order for longer than
    was planned, which leaves the observation whole (11.3)."""
    if not plan.clinic.opening_hours:
        return []
    last_start = None
    if (closes := closes_at(dosing_at, plan.clinic)) is not None:
        buffer = parameters.duration("arrival.recovery_buffer")
        watched = _watched_length(plan.modality, parameters, order)
        last_start = closes - watched - buffer
        if plan.scheduled_at <= closes - session_length(plan.modality, parameters):
            last_start = max(last_start, min(plan.scheduled_at + buffer, closes - watched))
        if dosing_at <= last_start:
            return []
    text = f"{_whole(order)} would not end before the clinic closes: rebook."
    return [_missing("observation_does_not_fit", text, Role.CARE_COORDINATOR, last_start)]


def _place_kept(
    plan: SessionPlan, order: OrderDose | None, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """A late start, or an order for longer than was planned, may use up the recovery buffer of the
    reserved stay, never the observation: the chair and the nurse are promised to somebody else
    after it (11.3, 11.34)."""
    if plan.stay_ends_at is None:
        return []
    last_start = plan.stay_ends_at - _watched_length(plan.modality, parameters, order)
    if dosing_at <= last_start:
        return []
    text = f"{_whole(order)} would not end within the reserved stay: rebook."
    return [_missing("stay_does_not_fit", text, Role.CARE_COORDINATOR, last_start)]


def _whole(order: OrderDose | None) -> str:
    ordered = f" as ordered, {order.duration_min} min," if order and order.duration_min else ""
    return f"Dosing{ordered} and full observation"


def session_length(modality: Modality, parameters: Parameters) -> timedelta:
    """Dosing, observation and recovery buffer together, as a day is planned (4.2)."""
    return _watched_length(modality, parameters) + parameters.duration("arrival.recovery_buffer")


def dosing_length(
    modality: Modality, parameters: Parameters, order: OrderDose | None = None
) -> timedelta:
    """The dose alone: the infusion, as long as was planned or as is ordered, if that is longer; or
    from the first to the last device (4.1, 5.3)."""
    if modality is Modality.IV_KETAMINE:
        planned = parameters.duration("iv.duration")
        ordered = order.duration_min if order else None
        return max(planned, timedelta(minutes=ordered)) if ordered else planned
    devices = max(parameters.numbers("esk.dose_allowed")) / parameters.number("esk.device")
    return parameters.duration("esk.device_gap") * (devices - 1)


def _watched_length(
    modality: Modality, parameters: Parameters, order: OrderDose | None = None
) -> timedelta:
    """Dosing and observation: what is never shortened (4.3, 5.3)."""
    observation = "iv.obs_min_after_end" if modality is Modality.IV_KETAMINE else "esk.obs_min"
    return dosing_length(modality, parameters, order) + parameters.duration(observation)


def _spray_setting(plan: SessionPlan, parameters: Parameters) -> list[Missing]:
    """The site is certified and the patient enrolled before the first spray (5.4; 11.21, 11.22)."""
    if plan.modality is not Modality.ESKETAMINE:
        return []
    missing = []
    certified = plan.site_certified and plan.clinic.spray_certified
    if parameters.flag("rems.site_certified_required") and not certified:
        text = "This site is not certified for the nasal spray."
        missing.append(_missing("site_not_certified", text, Role.REMS_REPRESENTATIVE))
    if parameters.flag("rems.patient_enrolled_required") and not plan.patient_enrolled:
        text = "The patient is not enrolled in the spray's safety programme."
        missing.append(_missing("patient_not_enrolled", text, Role.REMS_REPRESENTATIVE))
    return missing


def _late_result(plan: SessionPlan) -> list[Missing]:
    """An abnormal result that came late is assessed before anything more is dosed (11.48)."""
    if not plan.result_unassessed:
        return []
    text = "An abnormal result waits to be assessed: no dose before."
    return [_missing("result_unassessed", text, Role.PRESCRIBER)]


def _lot(
    plan: SessionPlan, lot: DrugLot | None, dosing_at: datetime, starting: bool
) -> list[Missing]:
    """Lot and expiry are checked before anything is drawn (11.32)."""
    if lot is None:
        text = "The lot that is drawn from must be named."
        return [_missing("lot_missing", text, Role.NURSE)] if starting else []
    if lot.expires_on is None:
        return [_missing("lot_expiry_unknown", "The lot's expiry must be read.", Role.NURSE)]
    if lot.expires_on < local_date(dosing_at, plan.clinic):
        return [_missing("lot_expired", "This lot has expired: another lot.", Role.PHARMACIST)]
    return []


def _order(
    plan: SessionPlan, order: OrderDose | None, allowed: bool, parameters: Parameters
) -> list[Missing]:
    if order is None:
        text = "A prescriber's signed order for today."
        return [_missing("order_missing", text, Role.PRESCRIBER, plan.scheduled_at)]
    if not allowed:
        text = "Today's order needs the decision that its dose calls for."
        return [_missing("order_not_allowed", text, Role.PRESCRIBER, plan.scheduled_at)]
    labelled = parameters.numbers("esk.dose_allowed")
    if plan.modality is Modality.ESKETAMINE and order.dose_mg not in labelled:
        text = "The spray is given as 56 or 84 mg, in whole devices."
        return [_missing("dose_not_on_label", text, Role.PRESCRIBER)]
    return []


def _signature(plan: SessionPlan, order: OrderDose | None, dosing_at: datetime) -> list[Missing]:
    """An order that was signed before a lapse stands for no dose after it (11.33)."""
    if order is None:
        return []
    on = local_date(dosing_at, plan.clinic)
    lapsed = credential_lapsed(signed_until(order, plan.clinic), on)
    return [_missing(reason.code, reason.text, Role.PRESCRIBER) for reason in lapsed]


def _weight(
    plan: SessionPlan,
    order: OrderDose | None,
    read: Sequence[VitalSigns],
    parameters: Parameters,
) -> list[Missing]:
    """An order made for another weight than today's is void (4.1, 11.12). Today's is the newest
    that was read, whichever reading it came with; where none was, the weight that the order names
    is held against the last one (11.13), and an infusion without either waits (2.3, 4.2)."""
    infusion = plan.modality is Modality.IV_KETAMINE
    weighed = next((one for one in reversed(read) if one.weight_kg is not None), None)
    if weighed is None or weighed.weight_kg is None:
        if order is None or not infusion:
            return []
        if order.weight_kg is None:
            return [_missing("weight_missing", "The weight of today, in kg.", Role.NURSE)]
        return _weight_doubted(plan, order.weight_kg, parameters)
    today = weighed.weight_kg
    confirmed = weighed.weight_confirmed_by is not None
    missing = [] if confirmed else _weight_doubted(plan, today, parameters)
    ordered_for = (order.weight_kg or plan.dosing_weight_kg) if order else None
    if infusion and ordered_for and weight_voids_order(ordered_for, today, parameters):
        text = f"Weight {today:g} kg, ordered for {ordered_for:g} kg: a new order."
        missing.append(_missing("order_voided_by_weight", text, Role.PRESCRIBER))
    return missing


def _weight_doubted(plan: SessionPlan, today: float, parameters: Parameters) -> list[Missing]:
    """A weight far from the last one may be pounds or a slip: a second person confirms (11.13)."""
    known = [past.weight_kg for past in plan.history if past.weight_kg is not None]
    last = known[-1] if known else plan.dosing_weight_kg
    if last is None:
        return []
    change = round(abs(today - last), 6)
    if change * 100 <= parameters.number("screen.weight_confirm_pct") * last:
        return []
    text = f"Weight {today:g} kg after {last:g} kg: a second person confirms it."
    return [_missing("weight_second_person", text, Role.NURSE)]


def _new_medicines(check_in: CheckIn, modality: Modality) -> list[Missing]:
    """A medicine new since the last visit is judged before READY (11.14)."""
    reviewer = check_in.medicines_reviewed_by
    reviewed = reviewer is not None and reviewer.role in REVIEWS_MEDICINES
    names = medicines_to_review(check_in.new_medicines, modality)
    if reviewed or not names:
        return []
    text = f"New medicine to be reviewed before dosing: {', '.join(names)}."
    return [_missing("new_medicine_review", text, Role.PRESCRIBER, overridable=True)]


def _missing(
    code: str,
    text: str,
    supplied_by: Role,
    by: datetime | None = None,
    *,
    overridable: bool = False,
) -> Missing:
    return Missing(code=code, text=text, supplied_by=supplied_by, by=by, overridable=overridable)


class ReadinessFacts(Value):
    """One session as it stands at `now`. Doses in mg, weights in kg, pressures in mmHg."""

    plan: SessionPlan
    check_in: CheckIn | None = None
    order: OrderDose | None = None
    order_decision_allowed: bool = False
    baseline: VitalSigns | None = None
    earlier_readings: tuple[VitalSigns, ...] = ()
    lot: DrugLot | None = None
    now: Instant
    overrides: frozenset[Code] = frozenset()
    starting: bool = False
    last_modality: Modality | None = None
    recent_doses_at: tuple[Instant, ...] = ()
    pregnancy_reported: bool = False
    pressure_blocked: bool = False


def _decide(facts: ReadinessFacts, parameters: Parameters) -> Readiness:
    return judge_readiness(
        facts.plan,
        facts.check_in,
        facts.order,
        facts.order_decision_allowed,
        facts.baseline,
        facts.lot,
        facts.now,
        parameters,
        facts.overrides,
        earlier_readings=facts.earlier_readings,
        starting=facts.starting,
        last_modality=facts.last_modality,
        recent_doses_at=facts.recent_doses_at,
        pregnancy_reported=facts.pregnancy_reported,
        pressure_blocked=facts.pressure_blocked,
    )


DECISION = DecisionKind(
    name="readiness",
    facts=ReadinessFacts,
    decide=_decide,
    summary="Ready to dose, or everything that is missing and who can supply it.",
)
