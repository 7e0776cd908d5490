"""The psychiatric evaluation: recorded by a psychiatrist, weighed by the eligibility rule."""

from clinical.clinic_hours import zone
from clinical.evaluation import (
    Eligibility,
    EligibilityOutcome,
    beyond_override,
    judge_eligibility,
)
from clinical.instruments import score
from schemas.approval import EntryKind
from schemas.base import Reason
from schemas.evaluation import RecordEvaluation
from schemas.event import EventKind
from schemas.journey import Event, Phase
from schemas.reevaluation import Score
from workflows.story import Story

EVALUATION = "evaluation"


async def psychiatric_evaluation(story: Story) -> Event:
    """Wait for an evaluation that settles the question; the rule's reasons stand on record."""
    await story.expect(
        EntryKind.RECORD_EVALUATION,
        EVALUATION,
        "Psychiatric evaluation: examine the patient and record it",
        lambda: story.state.evaluation is not None,
    )
    return Event.ELIGIBLE if story.state.eligible else Event.NOT_ELIGIBLE


def judge_evaluation(story: Story, command: RecordEvaluation) -> tuple[Reason, ...]:
    """Why this evaluation cannot be taken now: wrong phase, facts the gate needs missing,
    or an override of what no override lifts."""
    if story.state.phase is not Phase.PSYCH_EVAL:
        return (Reason(code="wrong_phase", text="an evaluation belongs to PSYCH_EVAL"),)
    if not command.recommend:
        return ()
    verdict = _verdict(story, command)
    if command.override_reason:
        return beyond_override(verdict)
    return verdict.reasons if verdict.outcome is EligibilityOutcome.NEEDS_INFORMATION else ()


def record_evaluation(story: Story, command: RecordEvaluation) -> None:
    """Keep the evaluation, its scores as the first baseline, and what the rule says of it."""
    state = story.state
    verdict = _verdict(story, command)
    eligible = verdict.outcome is EligibilityOutcome.ELIGIBLE or bool(command.override_reason)
    state.evaluation = command.evaluation
    state.eligible = eligible and command.recommend
    scored = _scores(story, command)
    state.scores.extend(scored)
    story.recorder.note(
        EventKind.EVALUATION_RECORDED,
        {
            "evaluation": command.evaluation.model_dump(mode="json"),
            "recommend": command.recommend,
            "override_reason": command.override_reason,
            "decision": verdict.model_dump(mode="json"),
            "eligible": state.eligible,
            "scores": [one.model_dump(mode="json") for one in scored],
        },
        by=command,
    )
    story.entered(EVALUATION, command)


def _verdict(story: Story, command: RecordEvaluation) -> Eligibility:
    patient = story.state.referral.patient
    provider = command.evaluation.primary_provider or story.state.referral.primary_provider
    return judge_eligibility(
        command.evaluation.model_copy(update={"primary_provider": provider}),
        patient.birth_date if patient else None,
        story.parameters,
        story.clock.now().astimezone(zone(story.state.clinic)),
    )


def _scores(story: Story, command: RecordEvaluation) -> list[Score]:
    scored = (score(a, story.clock.now(), story.parameters) for a in command.evaluation.assessments)
    return [s for s in scored if isinstance(s, Score)]
