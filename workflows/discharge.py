"""Going home: every criterion judged, a person decides; a timer never discharges."""

from clinical.discharge import judge_discharge
from schemas.base import Reason
from schemas.event import EventKind
from schemas.infusion import Discharge, SessionPhase
from workflows import controlled_substance
from workflows.session_state import AFTER_DOSE
from workflows.supervision import DISCHARGE, ENVELOPE, Reasons, Supervision


def judge_going_home(day: Supervision, command: Discharge) -> Reasons:
    """All criteria, each with its value; nobody is sent home by a clock."""
    state = day.state
    wrong = day.only_in(AFTER_DOSE, "not_in_observation")
    if wrong:
        return wrong
    if state.delivered_mg is None:
        text = "write down how much was given before the patient leaves"
        return (Reason(code="delivered_amount_missing", text=text),)
    assert state.dosing_ended_at is not None, "observation follows a dose"
    adds_up = command.waste_reconciled and not controlled_substance.variance(day)
    decision = judge_discharge(
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
    return () if decision.allowed else decision.reasons


def discharge(day: Supervision, command: Discharge) -> None:
    """A person lets the patient go: home, against advice, or to a hospital."""
    day.state.against_advice = command.against_advice
    day.state.companion = command.companion
    day.tasks.enter(DISCHARGE, command)
    day.close(
        SessionPhase.TRANSFERRED if command.transferred_to else SessionPhase.DISCHARGED,
        EventKind.DISCHARGED,
        command,
        command.model_dump(mode="json", exclude=ENVELOPE),
    )
