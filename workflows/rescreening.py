"""Another medical screening in mid-course: asked for before the clearance ends or once it is void,
recorded by a medical screener, weighed for the medicine of the course.

Clinical fact sheet, 2.3 and edge cases 15, 19, 36 and 40.
"""

from datetime import datetime

from clinical.approval import rule_for
from clinical.clearance import (
    CONTRAINDICATED,
    DECLINED,
    REFUSED,
    UNDECIDED,
    cleared_until,
    may_be_dosed,
)
from clinical.preparation import first_look_at
from clinical.rescreening import judge_again, screened_again
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.base import Reason
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.screening import RecordScreening, ScreeningDecision, ScreeningOutcome
from workflows.hold import hold_for_clearance
from workflows.safety_report import found_pregnant
from workflows.story import FINDING_AGAIN, SCREENING_AGAIN, Story

VOIDED = "voided_by"
"""In the task's evidence: why it is asked for, where the results are not simply too old."""


def judge_recording(story: Story, command: RecordScreening) -> tuple[Reason, ...]:
    """Why another screening cannot be taken now: no dose can come, or results are missing. One that
    speaks against treatment is always heard."""
    if not may_be_dosed(story.state):
        text = "a screening belongs to MED_SCREEN, or to where doses may still come"
        return (Reason(code="wrong_phase", text=text),)
    decision = _decision(story, command)
    return decision.missing if decision.outcome is not ScreeningOutcome.BLOCKED else ()


def record_screening(story: Story, command: RecordScreening) -> None:
    """Cleared: the clearance is renewed from this moment. A finding that needs a physician: no dose
    until one has decided. Blocked: no dose, and the journey is held."""
    state, now = story.state, story.clock.now()
    decision = _decision(story, command)
    state.screening = screened_again(state.screening, command.screening, now, story.parameters)
    state.screening_decision = decision
    state.clearance_valid_until = decision.valid_until
    note(story, command, decision)
    story.entered(SCREENING_AGAIN, command)
    state.tasks.pop(SCREENING_AGAIN, None)
    story.tasks.cancel(FINDING_AGAIN)
    match decision.outcome:
        case ScreeningOutcome.CLEARED:
            state.clearance_voided, state.clearance_voided_at = (), None
        case ScreeningOutcome.NEEDS_DECISION:
            state.clearance_voided, state.clearance_voided_at = (UNDECIDED,), None
        case ScreeningOutcome.BLOCKED:
            _void(story, (CONTRAINDICATED,), now)
            _refuse(story, command, decision)
    story.tasks.stir()


def note(story: Story, command: RecordScreening, decision: ScreeningDecision) -> None:
    """A screening goes on record as it was signed, with what the matrix says of it."""
    story.recorder.note(
        EventKind.SCREENING_RECORDED,
        {
            "screening": command.screening.model_dump(mode="json"),
            "decision": decision.model_dump(mode="json"),
        },
        by=command,
    )


def clearance_voided(story: Story, result: SessionResult) -> None:
    """What was told on a treatment day outlasts it: nothing is dosed until another screening."""
    if result.clearance_voided:
        _void(story, result.clearance_voided, result.ended_at)


def ask_in_time(story: Story, at: datetime) -> None:
    """Ask for another screening where the clearance will have ended at a dose at `at`."""
    until = cleared_until(story.state, at, story.parameters)
    if until is None or until < at:
        evidence = {"dose_at": at.isoformat()}
        if until is not None:
            evidence["valid_until"] = until.isoformat()
        _ask(story, at, evidence)


class ClearanceWatch:
    """Keeps the clearance up while doses may come, on the journey's one timer: people are asked in
    time, and not asked any more once it holds."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)
        story.listeners.append(self._closed)

    def next_at(self) -> datetime | None:
        """Never by itself: a clearance is measured to the dose, and looked at with its booking."""
        return None

    def tend(self) -> None:
        """Ask for what the next dose lacks."""
        story, state = self._story, self._story.state
        if not may_be_dosed(state):
            for key in (SCREENING_AGAIN, FINDING_AGAIN):
                story.tasks.cancel(key)
        elif UNDECIDED in state.clearance_voided:
            self._ask_for_a_decision()
        elif state.clearance_voided and not REFUSED & set(state.clearance_voided):
            self._ask_since_voided()
        elif state.booking is not None:
            self._ask_before(state.booking.scheduled_at)

    def _ask_before(self, at: datetime) -> None:
        until = cleared_until(self._story.state, at, self._story.parameters)
        if until is not None and until >= at:
            self._story.tasks.cancel(SCREENING_AGAIN)
        else:
            ask_in_time(self._story, at)

    def _ask_since_voided(self) -> None:
        """At once, also where it was to be asked for later as the results grow old."""
        story, state = self._story, self._story.state
        asked = story.tasks.find(SCREENING_AGAIN)
        if asked is not None and VOIDED not in asked.evidence:
            story.tasks.cancel(SCREENING_AGAIN)
        at = state.booking.scheduled_at if state.booking else None
        _ask(story, at, {VOIDED: ", ".join(state.clearance_voided)})

    def _ask_for_a_decision(self) -> None:
        decision = self._story.state.screening_decision
        assert decision is not None, "something was found"
        self._story.tasks.open(
            ApprovalKind.SCREENING_FINDING,
            FINDING_AGAIN,
            "Another screening found something: may treatment go on all the same?",
            evidence={f.condition: f.reason.text for f in decision.findings},
        )

    def _closed(self, task: Task) -> None:
        """The physician's word on what another screening found."""
        story = self._story
        if task.key != FINDING_AGAIN or task.status is TaskStatus.CANCELLED:
            return
        story.state.tasks.pop(task.key, None)
        if task.status is TaskStatus.APPROVED:
            story.state.clearance_voided = ()
        else:
            story.state.clearance_voided = (DECLINED,)
            hold_for_clearance(story)


def _refuse(story: Story, command: RecordScreening, decision: ScreeningDecision) -> None:
    """A pregnancy is held, and told, as one (11.8)."""
    if any(finding.condition == "pregnancy" for finding in decision.findings):
        found_pregnant(story, command)
    else:
        hold_for_clearance(story)


def _void(story: Story, codes: tuple[str, ...], at: datetime) -> None:
    state = story.state
    state.clearance_voided = tuple(sorted({*state.clearance_voided, *codes} - {UNDECIDED}))
    state.clearance_voided_at = at
    story.tasks.cancel(FINDING_AGAIN)
    story.tasks.stir()


def _ask(story: Story, at: datetime | None, evidence: dict[str, str]) -> None:
    """By the first look ahead of the dose, and as long before it as the protocol gives for a
    screening; at once where the clearance is void."""
    now = story.clock.now()
    ahead = (first_look_at(at, story.parameters), at) if at else ()
    due_at = next((moment for moment in ahead if moment > now), None)
    rule = rule_for(EntryKind.RECORD_SCREENING, story.tasks.rules)
    opens_at = due_at - rule.due if due_at and VOIDED not in evidence else now
    story.tasks.open(
        EntryKind.RECORD_SCREENING,
        SCREENING_AGAIN,
        "Medical screening again, before the next dose",
        due_at=due_at,
        opens_at=opens_at if opens_at > now else None,
        evidence=evidence,
    )


def _decision(story: Story, command: RecordScreening) -> ScreeningDecision:
    return judge_again(story.state, command.screening, story.clock.now(), story.parameters)
