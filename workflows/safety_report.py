"""Adverse events: who must be told by when, each body a task of its own, until all are signed off.

Clinical fact sheet, 8.3. Calendar and business days stay apart: each deadline keeps its own basis.
"""

from datetime import datetime

from pydantic import JsonValue

from clinical.adverse_event import PREGNANCY, confirm_by, is_serious, report_deadlines
from schemas.adverse_event import (
    AdverseEvent,
    AdverseEventCase,
    Deadline,
    ReportAdverseEvent,
)
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Command, Reason, Role
from schemas.event import EventKind
from schemas.health_record import Milestone
from schemas.infusion import SessionResult
from schemas.notification import NotificationClass
from schemas.screening import Modality
from workflows.death import fall_silent
from workflows.hold import hold_for_pregnancy
from workflows.monitoring_form import add_serious_event
from workflows.story import Story

ON_THE_FORM = "monitoring_form"
"""Told with the session's monitoring form, which is a task already."""


def open_cases(story: Story, result: SessionResult) -> None:
    """The events of a treatment day, counted from when the clinic learnt of each."""
    for event in result.adverse_events:
        known_at = event.known_at or result.ended_at
        _open(story, event, result.modality, known_at, result.session_id)


def judge_report(story: Story, command: ReportAdverseEvent) -> tuple[Reason, ...]:
    """Why this report cannot be taken; empty when it can."""
    if command.amends is not None and _case(story, command.amends) is None:
        text = "no open event of that name: it was signed off, or never reported"
        return (Reason(code="unknown_event", text=text),)
    known = {s.session_id for s in story.state.sessions}
    if command.session_id is not None and command.session_id not in known:
        return (Reason(code="unknown_session", text="no such treatment day has closed here"),)
    return ()


def report_adverse_event(story: Story, command: ReportAdverseEvent) -> None:
    """An event noticed between two treatment days, or what was learnt of one since."""
    case = _case(story, command.amends)
    if case is not None:
        _amend(story, case, command)
        return
    session = _session_of(story, command.session_id)
    modality = session.modality if session else Modality.IV_KETAMINE
    known_at = command.event.known_at or story.clock.now()
    session_id = session.session_id if session else None
    _open(story, command.event, modality, known_at, session_id, by=command)


def found_pregnant(story: Story, command: Command) -> None:
    """A pregnancy that another screening found is reported and held as any other; known already,
    it is held all the same (11.8)."""
    if any(case.event.code in PREGNANCY for case in story.state.adverse_events):
        hold_for_pregnancy(story)
        return
    event = AdverseEvent(code="pregnancy", grade=1, description="found by a medical screening")
    series = story.state.series
    modality = series.modality if series else Modality.IV_KETAMINE
    _open(story, event, modality, story.clock.now(), None, by=command)


class SafetyReports:
    """What becomes of each report that was asked for."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.listeners.append(self._closed)

    def _closed(self, task: Task) -> None:
        """Signed off; or declined: what must be told stays owed, what may be told is decided."""
        if task.kind is not ApprovalKind.SAFETY_REPORT:
            return
        case = next((c for c in self._story.state.adverse_events if _mine(task, c)), None)
        if case is None:
            return
        to = task.evidence["to"]
        if task.status is TaskStatus.DECLINED and task.evidence["required"] == "yes":
            _ask(self._story, case, to, None, dict(task.evidence))
            return
        case.waiting = tuple(body for body in case.waiting if body != to)
        if not case.waiting:
            self._story.state.adverse_events.remove(case)
            self._story.recorder.note(
                EventKind.ADVERSE_EVENT_SIGNED_OFF,
                {
                    "event_id": case.event_id,
                    "version": case.version,
                    "by": task.votes[-1].actor.id if task.votes else None,
                },
            )


def _open(
    story: Story,
    event: AdverseEvent,
    modality: Modality,
    known_at: datetime,
    session_id: str | None,
    *,
    by: Command | None = None,
) -> None:
    state = story.state
    state.adverse_event_count += 1
    case = AdverseEventCase(
        event_id=f"ae-{state.adverse_event_count}",
        session_id=session_id,
        modality=modality,
        event=event,
        known_at=known_at,
    )
    owed = _owed(story, case)
    story.recorder.note(EventKind.ADVERSE_EVENT_OPENED, _shown(case, owed), by=by)
    _tell(story, case, owed)
    if case.waiting:
        state.adverse_events.append(case)
    fall_silent(story, event.code)
    if event.code in PREGNANCY:
        hold_for_pregnancy(story)


def _amend(story: Story, case: AdverseEventCase, command: ReportAdverseEvent) -> None:
    """What was reported before stays on record; who is now to be told as well is asked for."""
    before = case.event.model_dump(mode="json")
    case.event, case.version = command.event, case.version + 1
    case.known_at = command.event.known_at or story.clock.now()
    owed = _owed(story, case)
    shown = {**_shown(case, owed), "before": before}
    story.recorder.note(EventKind.ADVERSE_EVENT_AMENDED, shown, by=command)
    _tell(story, case, owed)
    fall_silent(story, case.event.code)
    if case.event.code in PREGNANCY:
        hold_for_pregnancy(story)


def _owed(story: Story, case: AdverseEventCase) -> tuple[Deadline, ...]:
    """Every deadline that is not asked for yet."""
    found = report_deadlines(
        case.event, case.modality, case.known_at, story.state.clinic, story.parameters
    )
    return tuple(d for d in found if d.to not in case.asked and d.to != ON_THE_FORM)


def _tell(story: Story, case: AdverseEventCase, owed: tuple[Deadline, ...]) -> None:
    for deadline in owed:
        evidence = {
            "event_id": case.event_id,
            "to": deadline.to,
            "basis": deadline.basis.value,
            "required": "yes" if deadline.required else "no",
            "event": f"{case.event.code}, grade {case.event.grade}",
        }
        case.asked = (*case.asked, deadline.to)
        case.waiting = (*case.waiting, deadline.to)
        by = confirm_by(deadline, story.clock.now(), story.parameters)
        _ask(story, case, deadline.to, by, evidence)
    if not is_serious(case.event):
        return
    add_serious_event(story, case.session_id, case.event.code)
    if not case.provider_told:
        case.provider_told = True
        story.letters.owe(Milestone.SERIOUS_EVENT)
    if owed:
        story.tell_role(
            Role.MEDICAL_DIRECTOR,
            "safety_alert",
            f"{case.event_id}:{case.version}",
            NotificationClass.SAFETY,
            alert="adverse_event",
        )


def _ask(
    story: Story, case: AdverseEventCase, to: str, by: datetime | None, evidence: dict[str, str]
) -> None:
    """One body and its deadline; None: by the rule, because the first answer was no."""
    story.tasks.open(
        ApprovalKind.SAFETY_REPORT,
        report_key(case.event_id, to),
        f"Adverse event {case.event_id}: tell {to.replace('_', ' ')}, then sign off",
        due_at=by,
        evidence=evidence,
        session_id=case.session_id,
    )


def report_key(event_id: str, to: str) -> str:
    """The task of telling one body of one event."""
    return f"report-{event_id}-{to}"


def _mine(task: Task, case: AdverseEventCase) -> bool:
    return task.evidence.get("event_id") == case.event_id


def _case(story: Story, event_id: str | None) -> AdverseEventCase | None:
    return next((c for c in story.state.adverse_events if c.event_id == event_id), None)


def _session_of(story: Story, session_id: str | None) -> SessionResult | None:
    """The day an event belongs to: the one named, else the last dose."""
    days = [s for s in story.state.sessions if s.dosed_at is not None]
    if session_id is not None:
        days = [s for s in story.state.sessions if s.session_id == session_id]
    return days[-1] if days else None


def _shown(case: AdverseEventCase, owed: tuple[Deadline, ...]) -> dict[str, JsonValue]:
    return {
        "event_id": case.event_id,
        "version": case.version,
        "session_id": case.session_id,
        "modality": case.modality.value,
        "known_at": case.known_at.isoformat(),
        "event": case.event.model_dump(mode="json"),
        "deadlines": [d.model_dump(mode="json") for d in owed],
    }
