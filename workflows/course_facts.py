"""What the decisions about a course rest on, gathered from the journey, and its seal."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from clinical.course import first_dose_at, infusions_given
from clinical.parameters import Parameters
from clinical.response import under_treatment
from clinical.risk_levels import RiskLevel
from clinical.tolerability import judge_tolerability
from schemas.approval import ApprovalKind
from schemas.infusion import SessionResult
from schemas.journey import JourneyState
from schemas.reevaluation import Course, CourseFindings, ReevaluationFacts, Score
from workflows.story import Story


def facts_of(story: Story) -> ReevaluationFacts:
    """What the decision table looks at. What a person found at a visit goes before what the
    engine can tell by itself."""
    state = story.state
    infusions = infusions_given(state)
    found = state.notes.findings or CourseFindings()
    shown, _ = judge_tolerability(state.sessions, story.parameters)
    latest = _newest(under_treatment(state.scores, first_dose_at(state)))
    return ReevaluationFacts(
        baseline=tuple(state.baseline),
        latest=tuple(latest),
        previous=tuple(_newest([s for s in state.scores if s not in latest])),
        course=state.course or Course.EXTEND,
        infusions_given=len(infusions),
        titration_left=_titration_left(infusions, story.parameters),
        stop_sessions=sum(1 for s in infusions if s.stop_events),
        safety_events=found.safety_events,
        emergencies=found.emergencies,
        new_high_risk=_high_risk_open(story),
        tolerability=found.tolerability or shown,
        assessments_missing=_missing(state),
        spray_available=state.clinic.spray_certified and not state.notes.switch_refused,
        prefers_spray=found.prefers_spray,
        relapsed=state.relapse_found,
        step_backs=state.notes.step_backs,
        maintenance_days=_days_since(story, state.maintenance_since),
        cannot_space_out=found.cannot_space_out,
    )


def packet_of(facts: ReevaluationFacts) -> str:
    """The seal of what a person saw when they decided: the same facts have the same seal, and a
    day that merely passed is no new fact."""
    seen = facts.model_dump_json(exclude={"maintenance_days", "days_since_first_dose"})
    return hashlib.sha256(seen.encode()).hexdigest()


def fresh(state: JourneyState, at: datetime) -> bool:
    """Whether a score is from after the last dose, or from this phase where none was given."""
    since = _since(state)
    return since is None or at >= since


def _since(state: JourneyState) -> datetime | None:
    dosed = [s.dosed_at for s in state.sessions if s.dosed_at is not None]
    return dosed[-1] if dosed else state.phase_entered_at


def _missing(state: JourneyState) -> int:
    """Scales that were taken at baseline and not again since the last dose."""
    again = {s.instrument for s in state.scores if fresh(state, s.taken_at)}
    return len({s.instrument for s in state.baseline} - again)


def _high_risk_open(story: Story) -> bool:
    """A high risk of suicide that nobody has looked into yet."""
    return any(
        task.kind is ApprovalKind.SUICIDE_RISK_REVIEW
        and task.evidence.get("level") == RiskLevel.HIGH.value
        for task in story.tasks.pending()
    )


def _titration_left(infusions: Sequence[SessionResult], parameters: Parameters) -> bool:
    """Whether the dose can still be raised by a step below both caps."""
    last = next((s for s in reversed(infusions) if s.ordered_mg and s.weight_kg), None)
    if last is None or last.ordered_mg is None or last.weight_kg is None:
        return False
    raised = last.ordered_mg / last.weight_kg + parameters.number("iv.titration_step")
    return raised <= parameters.number("iv.dose_cap_mgkg") and (
        raised * last.weight_kg <= parameters.number("iv.dose_cap_mg")
    )


def _days_since(story: Story, began_at: datetime | None) -> int:
    return (story.clock.now() - began_at).days if began_at else 0


def _newest(scores: Sequence[Score]) -> list[Score]:
    """The newest score of each instrument."""
    return list({s.instrument: s for s in sorted(scores, key=lambda s: s.taken_at)}.values())
