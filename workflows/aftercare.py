"""After-care: home safe the same evening, reached the day after, looked after until somebody is.

Clinical fact sheet, section 9. All times are elapsed hours from the discharge, whatever the clocks
of the clinic do that night (11.44).
"""

from datetime import datetime

from clinical.aftercare import (
    driving_not_before,
    first_dose_call_at,
    follow_up_window,
    judge_evening,
    judge_follow_up,
)
from clinical.risk_levels import RiskLevel
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Role, earliest
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SessionResult
from schemas.journey import FollowUp
from schemas.notification import NotificationClass
from schemas.patient_link import LinkPurpose, LinkWish
from workflows.schedule import in_words
from workflows.story import Story
from workflows.welfare_check import ask_welfare_check, welfare_key

REACHED = frozenset({TaskStatus.APPROVED, TaskStatus.DONE})


def owe_after_care(story: Story, result: SessionResult) -> None:
    """After every dose somebody asks how the patient is, whatever else happens."""
    owed = _owed(story, result)
    story.state.follow_ups.append(owed)
    story.tasks.open(
        ApprovalKind.SAFETY_FOLLOW_UP,
        owed.task_key,
        f"Safety follow-up after session {result.number}: reach the patient",
        opens_at=owed.from_at,
        due_at=owed.by_at,
        session_id=result.session_id,
    )
    if result.phase is SessionPhase.DISCHARGED:
        _send_home(story, result)
    if _first_of_its_kind(story, result):
        story.tasks.open(
            ApprovalKind.PATIENT_CONTACT,
            first_dose_key(result.session_id),
            "Three days after a first dose: call the patient",
            opens_at=first_dose_call_at(result.ended_at, story.parameters),
            session_id=result.session_id,
        )


def first_dose_key(session_id: str) -> str:
    """The task of the extra call after a first dose."""
    return f"first-dose-{session_id}"


def evening_key(session_id: str) -> str:
    """The task of the call on an evening without an answer."""
    return f"evening-{session_id}"


class AfterCare:
    """What the engine itself does while a contact is owed. It asks and pages; people call."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)
        story.listeners.append(self._closed)

    def next_at(self) -> datetime | None:
        """When the next step of any contact that is owed comes."""
        return earliest(at for owed in self._story.state.follow_ups for at in self._steps(owed))

    def tend(self) -> None:
        """Take every step whose time has come."""
        now = self._story.clock.now()
        for owed in self._story.state.follow_ups:
            if owed.discharged_at is not None and any(at <= now for at in self._steps(owed)):
                self._keep_evening(owed, owed.discharged_at, now)
                escalate_follow_up(self._story, owed)

    def _steps(self, owed: FollowUp) -> list[datetime]:
        """The moments still ahead, or just come, of one contact."""
        if owed.discharged_at is None:
            return []
        steps = (
            ("after.contact_from", owed.home_asked or owed.evening_over),
            ("after.contact_by", owed.evening_called or owed.evening_over),
            ("after.attempts_until", owed.taken_over),
            ("after.welfare_check", owed.welfare_asked or not owed.at_risk),
        )
        length = self._story.parameters.duration
        return [owed.discharged_at + length(name) for name, done in steps if not done]

    def _keep_evening(self, owed: FollowUp, discharged_at: datetime, now: datetime) -> None:
        if not owed.home_asked and now >= owed.from_at:
            # Nobody looked all evening (an outage): the call of the day after is due instead.
            owed.evening_over = True
        found = judge_evening(
            discharged_at, now, self._story.parameters, answered=owed.evening_over
        )
        codes = {reason.code for reason in found}
        if "ask_home_safe" in codes and not owed.home_asked:
            self._ask(owed)
        if "call_patient_and_escort" in codes and not owed.evening_called:
            owed.home_asked = owed.evening_called = True
            self._story.tasks.open(
                ApprovalKind.EVENING_CALL,
                evening_key(owed.session_id),
                "No answer this evening: call the patient, then the escort",
                evidence=in_words(found),
                session_id=owed.session_id,
            )

    def _ask(self, owed: FollowUp) -> None:
        owed.home_asked = True
        self._story.recorder.note(EventKind.HOME_SAFE_ASKED, {"session_id": owed.session_id})
        self._story.tell_patient(
            "home_safe",
            f"{owed.session_id}:home-safe",
            NotificationClass.ACTION,
            LinkWish(purpose=LinkPurpose.HOME_SAFE, session_id=owed.session_id),
            after_hours_phone=self._story.state.clinic.after_hours_phone or "",
        )

    def _closed(self, task: Task) -> None:
        if task.kind is ApprovalKind.SAFETY_FOLLOW_UP:
            self._follow_up_closed(task)
        elif task.kind is ApprovalKind.EVENING_CALL:
            self._evening_closed(task)

    def _follow_up_closed(self, task: Task) -> None:
        """Made, or not: then a clinician takes it over, and it stays owed."""
        state = self._story.state
        owed = next((f for f in state.follow_ups if f.task_key == task.key), None)
        state.tasks.pop(task.key, None)
        if owed is None:
            return
        if task.status in REACHED:
            state.follow_ups.remove(owed)
            for key in _moot(owed):
                self._story.tasks.cancel(key)
            return
        owed.task_key = f"{task.key}-escalated"
        owed.taken_over = True
        self._story.tasks.open(
            ApprovalKind.SAFETY_FOLLOW_UP,
            owed.task_key,
            "Patient not reached after a dose: a clinician takes over",
            slots=(Role.PSYCHIATRIST,),
            session_id=owed.session_id,
        )

    def _evening_closed(self, task: Task) -> None:
        """Somebody knows that the patient is safe, or nobody could be reached."""
        owed = next((f for f in self._story.state.follow_ups if _is_evening_of(task, f)), None)
        if owed is None:
            return
        owed.evening_over = True
        if task.status is TaskStatus.DECLINED:
            ask_welfare_check(
                self._story, owed.session_id, "evening", {"evening": "neither could be reached"}
            )


def escalate_follow_up(story: Story, owed: FollowUp) -> None:
    """What a follow-up without an answer calls for by now: a clinician takes it over, and for
    somebody with prior risk decides on a welfare check."""
    assert owed.discharged_at is not None, "counted from the discharge"
    reasons = judge_follow_up(
        owed.attempts,
        owed.discharged_at,
        story.clock.now(),
        story.parameters,
        at_risk=owed.at_risk,
    )
    codes = {reason.code for reason in reasons}
    if "clinician_takes_over" in codes and not owed.taken_over:
        owed.taken_over = True
        story.recorder.note(
            EventKind.FOLLOW_UP_TAKEN_OVER,
            {"session_id": owed.session_id, "attempts": owed.attempts},
        )
        task = story.tasks.find(owed.task_key)
        if task is not None and task.escalated == 0:
            story.tasks.escalate(owed.task_key)
    if "welfare_check_decision" in codes and not owed.welfare_asked:
        owed.welfare_asked = True
        ask_welfare_check(story, owed.session_id, "follow-up", in_words(reasons))


def prior_risk(story: Story) -> bool:
    """Whether this patient has ever shown a suicide risk here, as far as the journey remembers."""
    state = story.state
    return (
        state.notes.risk_seen
        or (state.evaluation is not None and state.evaluation.safety_plan)
        or any((score.suicidality or 0) > 0 for score in (*state.baseline, *state.scores))
        or any(s.suicide_risk not in (None, RiskLevel.NONE) for s in state.sessions)
    )


def _owed(story: Story, result: SessionResult) -> FollowUp:
    from_at, by_at = follow_up_window(result.ended_at, story.parameters)
    return FollowUp(
        session_id=result.session_id,
        from_at=from_at,
        by_at=by_at,
        task_key=f"follow-up-{result.session_id}",
        number=result.number,
        discharged_at=result.ended_at,
        at_risk=prior_risk(story),
        companion=result.companion,
        # Whoever was taken to a hospital is not asked whether they are home.
        evening_over=result.phase is not SessionPhase.DISCHARGED,
    )


def _send_home(story: Story, result: SessionResult) -> None:
    """What holds until tomorrow, and from when driving is possible again."""
    assert result.dosed_at is not None, "owed after a dose"
    drive_at = driving_not_before(
        result.dosed_at, result.modality, story.state.clinic, story.parameters
    )
    if drive_at <= story.clock.now():
        return
    story.tell_patient(
        "going_home",
        f"{result.session_id}:going-home",
        NotificationClass.ACTION,
        drive_not_before=drive_at.isoformat(),
        after_hours_phone=story.state.clinic.after_hours_phone or "",
    )


def _first_of_its_kind(story: Story, result: SessionResult) -> bool:
    """Whether this was the patient's first dose of this medicine here."""
    return not any(
        s.dosed_at is not None and s.modality is result.modality and not s.source
        for s in story.state.sessions
        if s.session_id != result.session_id
    )


def _moot(owed: FollowUp) -> tuple[str, ...]:
    """What nobody need decide any more once the patient was reached."""
    occasions = (welfare_key(occasion, owed.session_id) for occasion in ("evening", "follow-up"))
    return (evening_key(owed.session_id), *occasions)


def _is_evening_of(task: Task, owed: FollowUp) -> bool:
    return task.key == evening_key(owed.session_id)
