"""Before the dose: the patient arrives, the order of today is signed, what is missing is told."""

from clinical.clinic_hours import local_date
from clinical.credentials import credential_lapsed, signed_until
from clinical.dosing import DoseDecision, DoseFacts, judge_order
from clinical.mood_scale import mood_score
from clinical.prescription_monitoring import judge_told
from clinical.risk_today import (
    REVIEWS_MEDICINES,
    judge_arrival,
    judge_change,
    judge_review,
    judge_screener,
    lapses,
    risk_told,
)
from clinical.titration import prior_dose
from schemas.approval import ApprovalKind
from schemas.base import Reason, Role
from schemas.event import EventKind
from schemas.infusion import CheckIn, OrderDose, Readiness, SessionPhase, SupplyMissing
from workflows import adverse_event, attendance, prescriber, suicide_risk
from workflows.session_state import ON_SITE
from workflows.supervision import ENVELOPE, Reasons, Supervision

EXCEPTION = "dose-exception"
REVIEWS = {"medicines_reviewed", "suicide_risk_reviewed"}
ALREADY_STARTED = Reason(code="already_started", text="dosing was started before")


def judge_check_in(day: Supervision, command: CheckIn) -> Reasons:
    """Once, on the day the session is booked for; nobody says that somebody else has reviewed."""
    wrong = day.only_in({SessionPhase.BOOKED}, "already_checked_in")
    if wrong:
        return wrong
    plan = day.state.plan
    now = day.clock.now()
    if local_date(now, plan.clinic) != local_date(plan.scheduled_at, plan.clinic):
        return (Reason(code="not_today", text="this session is booked for another day"),)
    queried = judge_told(command.pdmp_queried_at, plan.clinic, now)
    return (*judge_arrival(command), *queried)


def check_in(day: Supervision, command: CheckIn) -> Readiness:
    """The patient is here; what is still missing goes back with the answer."""
    day.state.check_in = command
    day.state.checked_in_at = day.clock.now()
    _score(day)
    attendance.assigned_at_check_in(day, command.observer)
    day.go(SessionPhase.PRE_CHECK)
    day.note(EventKind.CHECKED_IN, command, command.model_dump(mode="json", exclude=ENVELOPE))
    adverse_event.tested(day, command)
    suicide_risk.answered(day, None, command)
    return day.rejudge()


def judge_supply(day: Supervision, command: SupplyMissing) -> Reasons:
    """Between check-in and the dose; a review counts only from somebody who may make it, and a
    danger that was told is lowered only by them. From when the dose is about to start, only whether
    a prescriber is on site."""
    if prescriber.tells_of_it(day, command):
        return prescriber.judge_told(day, command)
    wrong = day.only_in(ON_SITE, "not_checked_in")
    if wrong:
        return wrong
    if day.state.starting:
        return (ALREADY_STARTED,)
    if command.medicines_reviewed and command.actor.role not in REVIEWS_MEDICINES:
        return (Reason(code="wrong_role", text="a prescriber reviews new medicines"),)
    queried = judge_told(command.pdmp_queried_at, day.state.plan.clinic, day.clock.now())
    return (*_judge_risk(day, command), *queried)


def supply_missing(day: Supervision, command: SupplyMissing) -> Readiness | None:
    """What was missing is here now: it replaces what check-in said; the gate is judged again."""
    if prescriber.tells_of_it(day, command):
        prescriber.told(day, command)
        return None
    before = day.state.check_in
    assert before is not None, "judged before it is supplied"
    day.state.check_in = _supplied(day, before, command)
    _score(day)
    attendance.observer_changed(day, before.observer, day.state.check_in.observer)
    day.note(
        EventKind.MISSING_SUPPLIED,
        command,
        command.model_dump(mode="json", exclude=ENVELOPE, exclude_none=True, exclude_unset=True),
    )
    adverse_event.tested(day, command)
    suicide_risk.answered(day, before, command)
    return day.rejudge()


def _judge_risk(day: Supervision, command: SupplyMissing) -> Reasons:
    """Whether what this says of suicide risk is this person's to say."""
    before = day.state.check_in
    assert before is not None, "judged after check-in"
    now, p = day.clock.now(), day.parameters
    after = _supplied(day, before, command)
    wrong = (
        *judge_screener(command.suicide_risk, command.actor),
        *judge_change(before, after, command.actor, now, p),
    )
    if command.suicide_risk_reviewed:
        wrong += judge_review(risk_told(after, now, p), command.actor)
    return wrong


def _supplied(day: Supervision, before: CheckIn, command: SupplyMissing) -> CheckIn:
    """Check-in with what is said now in the place of what was said before. A review of suicide risk
    that was made on a lesser danger does not stand for this one."""
    said = command.model_dump(exclude=ENVELOPE | REVIEWS, exclude_none=True, exclude_unset=True)
    if command.medicines_reviewed:
        said["medicines_reviewed_by"] = command.actor
    if said.get("observer", before.observer) != before.observer:
        said.setdefault("observer_change", "")  # the reason for an earlier change is not this one's
    after = CheckIn.model_validate({**dict(before), **said})
    now, p = day.clock.now(), day.parameters
    reviewed_by = before.suicide_risk_reviewed_by
    if command.suicide_risk_reviewed:
        reviewed_by = command.actor
    elif lapses(risk_told(before, now, p), risk_told(after, now, p)):
        reviewed_by = None
    return after.model_copy(update={"suicide_risk_reviewed_by": reviewed_by})


def judge_dose_order(day: Supervision, command: OrderDose) -> Reasons:
    """A prescriber's order for today, co-signed by another prescriber or by nobody; refused whoever
    signs where the caps say so."""
    wrong = day.only_in(ON_SITE, "not_checked_in")
    if wrong:
        return wrong
    if day.state.starting:
        return (ALREADY_STARTED,)
    clinic = day.state.plan.clinic
    today = local_date(day.clock.now(), clinic)
    lapsed = credential_lapsed(signed_until(command, clinic), today)
    if lapsed:
        return lapsed
    unfit = day.judge_names(command)
    if unfit:
        return unfit
    decision = _dose_decision(day, command, co_signed=command.co_signed_by is not None)
    return decision.reasons if decision.refused else ()


def order_dose(day: Supervision, command: OrderDose) -> Readiness:
    """Keep the order; above a cap a second prescriber is asked."""
    decision = _dose_decision(day, command, co_signed=command.co_signed_by is not None)
    day.tasks.cancel(EXCEPTION)  # leave for an earlier order is not leave for this one
    day.state.order = _with_weight(day, command)
    day.state.order_allowed = decision.allowed
    day.note(
        EventKind.DOSE_ORDERED,
        command,
        {
            **command.model_dump(mode="json", exclude=ENVELOPE),
            "decision": decision.model_dump(mode="json"),
        },
    )
    if not decision.allowed:
        day.tasks.open(
            ApprovalKind.DOSE_EXCEPTION,
            EXCEPTION,
            "Dose above a cap: a second prescriber decides",
            requested_by=command.actor,
            slots=(Role.PRESCRIBER,),
            session_id=day.state.plan.session_id,
        )
    return day.rejudge()


def _dose_decision(day: Supervision, command: OrderDose, *, co_signed: bool) -> DoseDecision:
    state = day.state
    earlier = [r for r in state.plan.history if r.modality is state.plan.modality]
    weight = _scale_kg(day) or command.weight_kg or state.plan.dosing_weight_kg
    per_kg = state.plan.consented_max_mg_per_kg
    prior = tuple(dose for result in earlier if (dose := prior_dose(result)) is not None)
    return judge_order(
        DoseFacts(
            modality=state.plan.modality,
            dose_mg=command.dose_mg,
            weight_kg=weight,
            order_weight_kg=command.weight_kg,
            duration_min=command.duration_min,
            session_number=len(prior) + 1,
            co_signed=co_signed,
            consented_max_mg=per_kg * weight if per_kg and weight else None,
            improvement_percent=state.plan.improvement_percent,
            prior=prior,
        ),
        day.parameters,
    )


def _with_weight(day: Supervision, command: OrderDose) -> OrderDose:
    """The order with the weight that it was judged by, so that another one later voids it."""
    scale = _scale_kg(day)
    if command.weight_kg is not None or scale is None:
        return command
    return command.model_copy(update={"weight_kg": scale})


def _scale_kg(day: Supervision) -> float | None:
    """The newest weight that was read today."""
    return next((r.weight_kg for r in reversed(day.state.before) if r.weight_kg), None)


def _score(day: Supervision) -> None:
    """What today's mood scale came to; the journey keeps it when the day closes."""
    check_in = day.state.check_in
    scale = check_in.mood_scale if check_in else None
    scored = mood_score(scale, day.clock.now(), day.parameters)
    day.state.scores = (scored,) if scored else ()
