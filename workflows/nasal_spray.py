"""The switch to the esketamine nasal spray: its own gates, consent and label schedule."""

from datetime import timedelta

from clinical.schedule import plan_spray
from schemas.approval import ApprovalKind, TaskStatus
from schemas.event import EventKind
from schemas.journey import Event, Series
from schemas.screening import Modality
from workflows.consent import consent_in_force
from workflows.induction import run_series
from workflows.maintenance import last_dose_at
from workflows.sessions import SessionDesk
from workflows.story import Story

SWITCH = "switch-to-spray"
COURSE = "spray"


async def switch_to_spray(story: Story, sessions: SessionDesk) -> Event:
    """Two people agree to the switch, the patient is enrolled and consents; then the sessions of
    induction, after which the benefit is evaluated."""
    if not story.state.enrolled_in_safety_program and not await _enrol(story):
        return Event.SERIES_STOPPED
    if not await consent_in_force(story, Modality.ESKETAMINE, story.clock.now()):
        return Event.SERIES_STOPPED
    series = story.state.series
    if series is None or series.course != COURSE:
        series = story.state.series = _plan(story)
    event = await run_series(story, sessions, series)
    return Event.REVIEW_DUE if event is Event.SERIES_FINISHED else event


async def _enrol(story: Story) -> bool:
    """The representative's approval says that the patient's enrolment form is signed and filed."""
    task = await story.ask(
        ApprovalKind.SWITCH_TO_SPRAY,
        SWITCH,
        "Switch to the nasal spray: clinical decision and programme enrolment, two people",
    )
    if task.status is not TaskStatus.APPROVED:
        return False
    story.state.enrolled_in_safety_program = True
    story.recorder.note(EventKind.SAFETY_PROGRAM_ENROLLED, {"approval": task.task_id})
    return True


def _plan(story: Story) -> Series:
    """Induction first; a course already begun goes on at the label's later pace."""
    now = story.clock.now()
    begun = any(s.modality is Modality.ESKETAMINE and s.counts for s in story.state.sessions)
    last = last_dose_at(story)
    start = now
    if last is not None and not begun:
        start = max(now, last + story.parameters.duration("esk.gap_after_iv_target"))
    weeks = story.parameters.integer("esk.induction_weeks")
    if begun:
        start -= timedelta(weeks=weeks)
        weeks += story.parameters.integer("esk.opt_weeks")
    planned = tuple(
        at
        for at in plan_spray(start, story.state.clinic, story.parameters, weeks=weeks)
        if at > now
    )
    return Series(
        course=COURSE,
        modality=Modality.ESKETAMINE,
        planned=planned,
        target=len(planned),
        began_at=now,
    )
