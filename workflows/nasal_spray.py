"""The switch to the esketamine nasal spray: its own gates, consent and label schedule."""

from datetime import datetime, timedelta

from clinical.nasal_spray import judge_switch
from clinical.schedule import plan_spray
from clinical.screening import judge_screening
from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Reason
from schemas.consent import ConsentStatus
from schemas.event import EventKind
from schemas.journey import Event, Series
from schemas.screening import Modality, ScreeningDecision
from workflows.consent import consent_in_force
from workflows.induction import run_series
from workflows.maintenance import last_dose_at
from workflows.schedule import in_words
from workflows.sessions import SessionDesk
from workflows.story import Story

SWITCH = "switch-to-spray"
COURSE = "spray"

LASTING = frozenset({"site_not_certified", "contraindicated"})
"""What no enrolment, consent or waiting changes: another course is decided on."""


async def switch_to_spray(story: Story, sessions: SessionDesk) -> Event:
    """Two people agree to the switch, the patient is enrolled and consents; then the sessions of
    induction, after which the benefit is evaluated. What stands against the spray for good goes
    back to the decision on the course."""
    if refused := tuple(reason.code for reason in _against(story) if _lasting(story, reason)):
        story.state.notes.switch_refused = refused
        return Event.SERIES_STOPPED
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
        evidence=in_words(_against(story)),
    )
    if task.status is not TaskStatus.APPROVED:
        return False
    story.state.enrolled_in_safety_program = True
    story.recorder.note(EventKind.SAFETY_PROGRAM_ENROLLED, {"approval": task.task_id})
    return True


def _against(story: Story) -> tuple[Reason, ...]:
    """What still stands against the switch, as far as the journey knows (5.6)."""
    state = story.state
    consent = state.consents.get(Modality.ESKETAMINE)
    return judge_switch(
        first_spray_at=_first_at(story),
        last_infusion_at=None if _begun(story) else last_dose_at(story),
        site_certified=state.clinic.spray_certified,
        patient_enrolled=state.enrolled_in_safety_program,
        consent_in_force=consent is not None and consent.status is ConsentStatus.SIGNED,
        screening=_screened(story),
        prior_trials_documented=state.evaluation is not None and bool(state.evaluation.trials),
        authorization_approved=None,
        parameters=story.parameters,
    )


def _screened(story: Story) -> ScreeningDecision | None:
    """The screening weighed for the spray: it was taken for infusions."""
    screening = story.state.screening
    if screening is None:
        return None
    at = _first_at(story)
    return judge_screening(screening, Modality.ESKETAMINE, at, story.parameters)


def _lasting(story: Story, reason: Reason) -> bool:
    unknown = reason.code == "contraindicated" and story.state.screening is None
    return reason.code in LASTING and not unknown


def _begun(story: Story) -> bool:
    return any(s.modality is Modality.ESKETAMINE and s.counts for s in story.state.sessions)


def _first_at(story: Story) -> datetime:
    """When the next spray may be given: at the target gap after the last infusion."""
    now, last = story.clock.now(), last_dose_at(story)
    if last is None or _begun(story):
        return now
    return max(now, last + story.parameters.duration("esk.gap_after_iv_target"))


def _plan(story: Story) -> Series:
    """Induction first; a course already begun goes on at the label's later pace."""
    now, start = story.clock.now(), _first_at(story)
    weeks = story.parameters.integer("esk.induction_weeks")
    if _begun(story):
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
