"""Adverse events on a treatment day: kept, and told at once where they are serious. A pregnancy is
one, however it becomes known: nothing is dosed on it, and the journey hears with the day's end.
"""

from clinical.adverse_event import is_serious
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.base import Command, Role
from schemas.event import EventKind
from schemas.infusion import CheckIn, SupplyMissing
from workflows.session_state import ON_SITE, OPEN
from workflows.supervision import Reasons, Supervision

TESTED_POSITIVE = AdverseEvent(
    code="pregnancy", grade=1, description="pregnancy test positive on the treatment day"
)


def judge_adverse_event(day: Supervision, _command: ReportAdverseEvent) -> Reasons:
    return day.only_in(OPEN, "session_closed")


def report_adverse_event(day: Supervision, command: ReportAdverseEvent) -> None:
    """Keep it; a serious one is told to the medical director at once, and before the dose the gate
    is judged again."""
    _keep(day, command.event, command)
    if day.state.phase in ON_SITE:
        day.rejudge()


def tested(day: Supervision, command: CheckIn | SupplyMissing) -> None:
    """A positive pregnancy test is kept as the event it is: it outlasts the day (11.8)."""
    if command.pregnancy_test_negative is False and not day.state.pregnancy_reported:
        _keep(day, TESTED_POSITIVE, command)


def _keep(day: Supervision, event: AdverseEvent, command: Command) -> None:
    kept = event.model_copy(update={"known_at": event.known_at or day.clock.now()})
    day.state.adverse_events.append(kept)
    day.note(EventKind.ADVERSE_EVENT_REPORTED, command, {"event": kept.model_dump(mode="json")})
    if is_serious(kept):
        day.alert(Role.MEDICAL_DIRECTOR, "safety_alert", f"sae-{day.state.version}")
