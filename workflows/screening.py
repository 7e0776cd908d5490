"""The medical screening: recorded by a medical screener, weighed by the contraindication matrix.

A relative finding waits for a named physician's decision; an absolute one ends the way here.
"""

from clinical.rescreening import from_the_future
from clinical.screening import judge_screening
from schemas.approval import ApprovalKind, EntryKind, TaskStatus
from schemas.base import Reason
from schemas.journey import Event, Phase
from schemas.screening import Modality, RecordScreening, ScreeningDecision, ScreeningOutcome
from workflows import rescreening
from workflows.story import Story

SCREENING = "screening"
FINDING = "screening-finding"


async def medical_screening(story: Story) -> Event:
    """Wait for a screening; let a physician decide on every finding that needs one."""
    await story.expect(
        EntryKind.RECORD_SCREENING,
        SCREENING,
        "Medical screening: history, examination and work-up",
        lambda: story.state.screening_decision is not None,
    )
    decision = story.state.screening_decision
    assert decision is not None, "expected above"
    if decision.outcome is ScreeningOutcome.BLOCKED:
        return Event.CONTRAINDICATED
    if decision.outcome is ScreeningOutcome.NEEDS_DECISION:
        task = await story.ask(
            ApprovalKind.SCREENING_FINDING,
            FINDING,
            "A screening finding needs a physician's decision: treat all the same?",
            evidence={f.condition: f.reason.text for f in decision.findings},
        )
        if task.status is not TaskStatus.APPROVED:
            return Event.CONTRAINDICATED
    return Event.MEDICALLY_CLEARED


def judge_recording(story: Story, command: RecordScreening) -> tuple[Reason, ...]:
    """Why this screening cannot be taken now: wrong phase, or required work-up still missing."""
    ahead = from_the_future(command.screening.work_up, story.state, story.clock.now())
    if ahead:
        return ahead
    if story.state.phase is not Phase.MED_SCREEN:
        return rescreening.judge_recording(story, command)
    if story.state.screening_decision is not None:
        return (Reason(code="already_recorded", text="this screening is already recorded"),)
    decision = _decision(story, command)
    return decision.missing if decision.outcome is not ScreeningOutcome.BLOCKED else ()


def record_screening(story: Story, command: RecordScreening) -> None:
    """Keep the screening, what the matrix says of it and how long its results are valid; one in
    mid-course renews the clearance, or takes it."""
    if story.state.phase is not Phase.MED_SCREEN:
        rescreening.record_screening(story, command)
        return
    state = story.state
    decision = _decision(story, command)
    state.screening = command.screening
    state.screening_decision = decision
    state.clearance_valid_until = decision.valid_until
    rescreening.note(story, command, decision)
    story.entered(SCREENING, command)


def _decision(story: Story, command: RecordScreening) -> ScreeningDecision:
    return judge_screening(
        command.screening, Modality.IV_KETAMINE, story.clock.now(), story.parameters
    )
