"""Adverse events on a treatment day: kept, and told at once where they are serious."""

from clinical.adverse_event import is_serious
from schemas.adverse_event import ReportAdverseEvent
from schemas.base import Role
from schemas.event import EventKind
from workflows.session_state import OPEN
from workflows.supervision import Reasons, Supervision


def judge_adverse_event(day: Supervision, _command: ReportAdverseEvent) -> Reasons:
    return day.only_in(OPEN, "session_closed")


def report_adverse_event(day: Supervision, command: ReportAdverseEvent) -> None:
    """Keep it; a serious one is told to the medical director at once."""
    known_at = command.event.known_at or day.clock.now()
    event = command.event.model_copy(update={"known_at": known_at})
    day.state.adverse_events.append(event)
    day.note(EventKind.ADVERSE_EVENT_REPORTED, command, {"event": event.model_dump(mode="json")})
    if is_serious(event):
        day.alert(Role.MEDICAL_DIRECTOR, "safety_alert", f"sae-{day.state.version}")
