"""Suicide risk told on a treatment day: at once on its way to people, and in the day's result.

Clinical fact sheet, 6.3, 6.4, edge case 17. The ladder is the journey's, which outlasts the day
(`workflows/risk_alert.py`); where there is no journey to tell, people are told from here.
"""

from temporalio import workflow
from temporalio.exceptions import TemporalError

from clinical.risk_levels import RiskLevel
from clinical.risk_today import DANGER, is_news, lapses, risk_told
from schemas.base import Actor, Role
from schemas.event import EventKind
from schemas.infusion import CheckIn, Discharge, SupplyMissing
from schemas.risk_alert import RiskTold
from workflows.session_state import AFTER_DOSE
from workflows.supervision import Supervision

RISK_TOLD = "suicide_risk_told"
"""The signal by which a journey hears of it."""


def answered(day: Supervision, before: CheckIn | None, command: CheckIn | SupplyMissing) -> None:
    """Before the dose: a danger is told once for each time that the day's answer gets worse; and
    so is that whoever decides on it has assessed the patient, and perhaps found it lower."""
    now, p = day.clock.now(), day.parameters
    was, level = risk_told(before, now, p), risk_told(day.state.check_in, now, p)
    if level in DANGER and lapses(was, level):
        _danger(day, level, command.actor)
    reviewed = isinstance(command, SupplyMissing) and command.suicide_risk_reviewed
    if (reviewed and level in DANGER) or (was in DANGER and lapses(level, was)):
        _tell(day, level, reviewed_by=command.actor)


def news_at_discharge(day: Supervision, command: Discharge) -> bool:
    """Whether a discharge form tells of a danger that nobody was told of since the dose."""
    state = day.state
    if state.phase not in AFTER_DOSE:
        return False
    return is_news(command.suicide_risk, state.risk_heard, state.risk_observed)


def told_at_discharge(day: Supervision, command: Discharge) -> None:
    """A danger on a discharge form is heard whether or not the discharge is taken; from then on a
    milder form does not stand for it."""
    if news_at_discharge(day, command):
        level = RiskLevel(command.suicide_risk or RiskLevel.NONE)
        day.state.risk_observed = level
        _danger(day, level, command.actor)


def _danger(day: Supervision, level: RiskLevel, teller: Actor) -> None:
    _tell(day, level)
    day.recorder.note(
        EventKind.SUICIDE_RISK_TOLD,
        {
            "level": level.value,
            "number": len(day.state.risks),
            "session_phase": day.state.phase.value,
        },
        actor=teller,
    )


def _tell(day: Supervision, level: RiskLevel, reviewed_by: Actor | None = None) -> None:
    told = RiskTold(
        session_id=day.state.plan.session_id,
        number=len(day.state.risks) + 1,
        level=level.value,
        told_at=day.clock.now(),
        reviewed_by=reviewed_by,
    )
    day.state.risks.append(told)
    day.desk.send(lambda: _reach_journey(day, told))


async def _reach_journey(day: Supervision, told: RiskTold) -> None:
    """The journey pages and climbs. Where it is gone, a psychiatrist and the medical director are
    told from here, for there is no ladder to climb."""
    journey = workflow.get_external_workflow_handle(day.state.plan.journey_id)
    try:
        await journey.signal(RISK_TOLD, told)
    except TemporalError:
        workflow.logger.warning("journey_not_there_to_hear_of_risk")
        if told.reviewed_by is None:
            for role in (Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR):
                day.alert(role, "safety_alert", f"risk-{told.number}-{role.value}")
