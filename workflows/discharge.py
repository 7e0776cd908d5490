"""Going home: every criterion judged, a person decides; a timer never discharges."""

from typing import Final

from clinical.discharge import judge_discharge
from clinical.risk_today import worst_level
from schemas.base import Actor, Reason, Role
from schemas.event import EventKind
from schemas.infusion import Criterion, Discharge, DischargeDecision, SessionPhase
from workflows import controlled_substance
from workflows.session_state import AFTER_DOSE
from workflows.supervision import DISCHARGE, ENVELOPE, Reasons, Supervision

AMOUNT_MISSING: Final = Reason(
    code="delivered_amount_missing", text="write down how much was given before the patient leaves"
)
ALL_SAID: Final = Discharge(
    command_id="all-said",
    actor=Actor(id="a-prescriber", role=Role.PRESCRIBER),
    escort_present=True,
    instructions_given=True,
    orientation=4,
    aldrete=10,
    gait_steady=True,
    nausea_controlled=True,
    suicide_risk="none",
    line_removed=True,
    waste_reconciled=True,
    second_signature=Actor(id="a-nurse", role=Role.NURSE),
    effects_gone=True,
)
"""Nobody's discharge: the best that people at the chair could say. What it leaves unmet, only time,
a reading or the drug count can supply."""


def judge_going_home(day: Supervision, command: Discharge) -> Reasons:
    """All criteria, each with its value; nobody is sent home by a clock. A name that counts for
    nothing is taken for no name, and said; an ambulance does not wait for one."""
    state = day.state
    wrong = day.only_in(AFTER_DOSE, "not_in_observation")
    if wrong:
        return wrong
    if state.delivered_mg is None:
        return (AMOUNT_MISSING,)
    doubted = day.doubted(command)
    taken = command.model_copy(update=dict.fromkeys(doubted))
    decision = _judged(day, _at_worst(day, taken))
    unfit = tuple(reason for reasons in doubted.values() for reason in reasons)
    if decision.allowed:
        return () if command.transferred_to else unfit
    return (*unfit, *decision.reasons)


def still_missing(day: Supervision) -> tuple[Criterion, ...]:
    """During observation, what keeps the patient here whatever is said on the discharge form."""
    if day.state.phase not in AFTER_DOSE:
        return ()
    unmet = tuple(c for c in _judged(day, ALL_SAID).criteria if not c.met)
    if day.state.delivered_mg is not None:
        return unmet
    amount = Criterion(code=AMOUNT_MISSING.code, met=False, text=AMOUNT_MISSING.text)
    return (amount, *unmet)


def discharge(day: Supervision, command: Discharge) -> None:
    """A person lets the patient go: home, against advice, or to a hospital."""
    day.state.against_advice = command.against_advice
    day.state.companion = command.companion
    day.state.screened_at_discharge = command.suicide_risk
    day.tasks.enter(DISCHARGE, command)
    day.close(
        SessionPhase.TRANSFERRED if command.transferred_to else SessionPhase.DISCHARGED,
        EventKind.DISCHARGED,
        command,
        command.model_dump(mode="json", exclude=ENVELOPE),
    )


def _at_worst(day: Supervision, command: Discharge) -> Discharge:
    """A danger told since the dose is not answered away by a milder form: it needs a disposition
    (4.6, 6.4)."""
    if command.suicide_risk is None:
        return command
    worst = worst_level((command.suicide_risk, day.state.risk_observed))
    return command.model_copy(update={"suicide_risk": worst})


def _judged(day: Supervision, command: Discharge) -> DischargeDecision:
    state = day.state
    assert state.dosing_ended_at is not None, "observation follows a dose"
    adds_up = command.waste_reconciled and not controlled_substance.variance(day)
    return judge_discharge(
        command.model_copy(update={"waste_reconciled": adds_up}),
        modality=state.plan.modality,
        dosing_ended_at=state.dosing_ended_at,
        last_device_at=day.last_device_at,
        readings=state.after,
        baseline=state.baseline,
        now=day.clock.now(),
        parameters=day.parameters,
        sedative_given_at=state.sedative_given_at,
        prescriber_available=not state.prescriber_left,
    )
