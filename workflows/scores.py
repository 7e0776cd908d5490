"""Scores as they come in: scored, kept, and looked at for danger."""

from collections.abc import Sequence

from pydantic import JsonValue

from clinical.course import first_dose_at
from clinical.instruments import score
from clinical.response import before_treatment
from clinical.risk_levels import LEVELS, RiskLevel
from clinical.suicide_risk import triage_scores
from schemas.base import Reason
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.journey import JourneyState, Phase
from schemas.reevaluation import RecordScores, Score
from workflows.absence import seen
from workflows.risk_alert import raise_risk
from workflows.story import Story

SCORES = "scores"
SCORES_KEPT = 40


def judge_scores(story: Story, command: RecordScores) -> tuple[Reason, ...]:
    """Why these answers cannot be scored; empty when they can."""
    problems: list[Reason] = []
    for assessment in command.assessments:
        scored = score(assessment, story.clock.now(), story.parameters)
        if not isinstance(scored, Score):
            problems.extend(scored)
        elif not triage_scores((scored,), story.parameters).complete:
            text = "send the single answers: the one about suicide cannot be told from a total"
            problems.append(Reason(code="suicide_item_missing", text=text))
    return tuple(problems)


def record_scores(story: Story, command: RecordScores) -> None:
    """Keep the scores, and look for danger."""
    now = story.clock.now()
    answers = (score(a, now, story.parameters) for a in command.assessments)
    scored = [s for s in answers if isinstance(s, Score)]
    state = story.state
    _keep(state, scored)
    taken: dict[str, JsonValue] = {
        "scores": [s.model_dump(mode="json") for s in scored],
        "note": command.note,
    }
    if command.findings is not None:
        state.notes.findings = command.findings
        taken["findings"] = command.findings.model_dump(mode="json")
    story.recorder.note(EventKind.SCORES_RECORDED, taken, by=command)
    if state.phase is Phase.REEVALUATION:
        story.entered(SCORES, command)
    seen(story)
    raise_risk(story, command, triage_scores(scored, story.parameters))


def taken_before_a_dose(story: Story, result: SessionResult) -> None:
    """The scale of a treatment day is the journey's like any other: kept, and looked at for
    danger, unless that was told at the chair already (11.41)."""
    if not result.scores:
        return
    _keep(story.state, result.scores)
    story.recorder.note(
        EventKind.SCORES_RECORDED,
        {
            "scores": [s.model_dump(mode="json") for s in result.scores],
            "session_id": result.session_id,
        },
    )
    risk = triage_scores(result.scores, story.parameters)
    if not any(LEVELS.index(RiskLevel(t.level)) >= LEVELS.index(risk.level) for t in result.risks):
        name = f"risk-{result.session_id}-scale"
        raise_risk(story, None, risk, occurrence=name, session_id=result.session_id)


def _keep(state: JourneyState, scored: Sequence[Score]) -> None:
    state.scores.extend(scored)
    del state.scores[:-SCORES_KEPT]


def open_baseline(state: JourneyState) -> None:
    """A series begins: what it will be compared with, by what is known so far. Whoever was dosed
    elsewhere comes with a baseline."""
    if not state.baseline or first_dose_at(state) is None:
        state.baseline = list(before_treatment(state.scores, None))


def settle_baseline(state: JourneyState, result: SessionResult) -> None:
    """The first dose was given: the last scores before it, those of its own day among them, are
    what everything later is compared with, for ever."""
    if result.dosed_at is not None and result.dosed_at == first_dose_at(state):
        state.baseline = list(before_treatment(state.scores, result.dosed_at)) or state.baseline
