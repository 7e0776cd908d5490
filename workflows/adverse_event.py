"""Adverse events on a treatment day: kept, and told at once where they are serious."""

from schemas.adverse_event import ReportAdverseEvent
from schemas.base import Role
from schemas.event import EventKind
from workflows.session_state import OPEN
from workflows.supervision import Reasons, Supervision


def judge_adverse_event(day: Supervision, _command: ReportAdverseEvent) -> Reasons:
    return day.only_in(OPEN, "session_closed")


def report_adverse_event(day: Supervision, command: ReportAdverseEvent) -> None:
    """Keep it; a serious one is told to the medical director at once."""
    day.state.adverse_events.append(command.event)
    day.note(
        EventKind.ADVERSE_EVENT_REPORTED,
        command,
        {"event": command.event.model_dump(mode="json")},
    )
    if command.event.serious:
        day.alert(Role.MEDICAL_DIRECTOR, "safety_alert", f"sae-{day.state.version}")
