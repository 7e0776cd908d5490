"""The psychiatric evaluation: recorded by a psychiatrist, weighed by the eligibility rule.

What the rule finds against treatment is overridden by two people, unless it is the severity alone.
"""

from clinical.clinic_hours import zone
from clinical.evaluation import (
    Eligibility,
    EligibilityOutcome,
    beyond_override,
    judge_eligibility,
    overrides_alone,
)
from clinical.instruments import score
from schemas.approval import ApprovalKind, EntryKind, TaskStatus
from schemas.base import Reason
from schemas.evaluation import OverrideWanted, RecordEvaluation
from schemas.event import EventKind
from schemas.journey import Event, Phase
from schemas.reevaluation import Score
from workflows.schedule import in_words
from workflows.story import Story

EVALUATION = "evaluation"
OVERRIDE = "eligibility-override"


async def psychiatric_evaluation(story: Story) -> Event:
    """Wait for an evaluation that settles the question, and for two people where it asks to
    override the rule; the rule's reasons stand on record."""
    await story.expect(
        EntryKind.RECORD_EVALUATION,
        EVALUATION,
        "Psychiatric evaluation: examine the patient and record it",
        lambda: story.state.evaluation is not None,
    )
    if story.state.override_wanted is not None:
        await _decided_by_two(story, story.state.override_wanted)
    return Event.ELIGIBLE if story.state.eligible else Event.NOT_ELIGIBLE


def judge_evaluation(story: Story, command: RecordEvaluation) -> tuple[Reason, ...]:
    """Why this evaluation cannot be taken now: wrong phase, one on record already, facts the gate
    needs missing, or an override of what no override lifts."""
    if story.state.phase is not Phase.PSYCH_EVAL:
        return (Reason(code="wrong_phase", text="an evaluation belongs to PSYCH_EVAL"),)
    if story.state.override_wanted is not None:
        text = "two people are deciding on an override of the evaluation on record"
        return (Reason(code="override_undecided", text=text),)
    if story.state.evaluation is not None:
        return (Reason(code="already_recorded", text="this evaluation is already recorded"),)
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
    eligible = verdict.outcome is EligibilityOutcome.ELIGIBLE
    overridden = not eligible and command.recommend and bool(command.override_reason)
    alone = overrides_alone(verdict, command.actor.role)
    state.evaluation = command.evaluation
    state.eligible = command.recommend and (eligible or (overridden and alone))
    if overridden and not alone:
        state.override_wanted = OverrideWanted(
            asked_by=command.actor, why=command.override_reason or "", not_met=verdict.reasons
        )
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
            "override_asked": state.override_wanted is not None,
            "scores": [one.model_dump(mode="json") for one in scored],
        },
        by=command,
    )
    story.entered(EVALUATION, command)


async def _decided_by_two(story: Story, wanted: OverrideWanted) -> None:
    """A declined override, or one that nobody decided in time, leaves the rule as it stands."""
    task = await story.ask(
        ApprovalKind.ELIGIBILITY_OVERRIDE,
        OVERRIDE,
        "Eligibility criteria are not met: treat all the same? Two people decide",
        evidence={**in_words(wanted.not_met), "why": wanted.why},
        requested_by=wanted.asked_by,
    )
    story.state.eligible = task.status is TaskStatus.APPROVED
    story.state.override_wanted = None


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
