"""The switch to the esketamine nasal spray: its own gates, consent and label schedule."""

from clinical.course import SPRAY, spray_series
from clinical.course_gates import against_spray, lasting
from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Reason
from schemas.event import EventKind
from schemas.journey import Event
from schemas.screening import Modality
from workflows.authorization import ask_who_pays
from workflows.consent import consent_in_force
from workflows.induction import run_series
from workflows.schedule import in_words
from workflows.sessions import SessionDesk
from workflows.story import Story

SWITCH = "switch-to-spray"


async def switch_to_spray(story: Story, sessions: SessionDesk) -> Event:
    """Two people agree to the switch, the patient is enrolled and consents; then the sessions of
    induction, after which the benefit is evaluated. What stands against the spray for good goes
    back to the decision on the course."""
    if refused := tuple(reason.code for reason in _against(story) if lasting(story.state, reason)):
        story.state.notes.switch_refused = refused
        return Event.SERIES_STOPPED
    if not story.state.enrolled_in_safety_program and not await _enrol(story):
        return Event.SERIES_STOPPED
    if not await consent_in_force(story, Modality.ESKETAMINE, story.clock.now()):
        return Event.SERIES_STOPPED
    ask_who_pays(story)
    series = story.state.series
    if series is None or series.course != SPRAY:
        series = spray_series(story.state, story.clock.now(), story.parameters)
        story.state.series = series
    event = await run_series(story, sessions, series)
    return Event.REVIEW_DUE if event is Event.SERIES_FINISHED else event


async def _enrol(story: Story) -> bool:
    """The representative's approval says that the patient's enrolment form is signed and filed."""
    task = await story.ask(
        ApprovalKind.SWITCH_TO_SPRAY,
        SWITCH,
        "Switch to the nasal spray: clinical decision and programme enrolment, two people",
        evidence=in_words(_against(story)),
    )
    if task.status is not TaskStatus.APPROVED:
        return False
    story.state.enrolled_in_safety_program = True
    story.recorder.note(EventKind.SAFETY_PROGRAM_ENROLLED, {"approval": task.task_id})
    return True


def _against(story: Story) -> tuple[Reason, ...]:
    """What still stands against the switch, as far as the journey knows (5.6)."""
    return against_spray(story.state, story.clock.now(), story.parameters)
