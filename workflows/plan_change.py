"""What the journey learns after it has booked a day, as the day takes it in."""

from pydantic import BaseModel

from clinical.readiness_today import CLEARANCE_VOIDED
from schemas.event import EventKind
from schemas.preparation import PlanChange
from workflows.session_state import ON_SITE
from workflows.supervision import Supervision


class SiteCertified(BaseModel):
    """`site_certified`, as a session reads it."""

    certified: bool


def plan_changed(day: Supervision, change: PlanChange) -> None:
    """The gate is judged on what holds now; a dose that has begun is not touched by it."""
    _take_in(day, dict(change))


def site_certified(day: Supervision, told: SiteCertified) -> None:
    """Lost: no new dose here at once; whoever is being treated is treated to the end (11.21)."""
    _take_in(day, {"site_certified": told.certified})


def _take_in(day: Supervision, facts: dict[str, object]) -> None:
    state = day.state
    changed = [name for name, value in facts.items() if getattr(state.plan, name) != value]
    if not changed:
        return
    state.plan = state.plan.model_copy(update=facts)
    _examined_since(day)
    day.note(EventKind.PLAN_CHANGED, None, {"changed": sorted(changed)})
    if state.phase in ON_SITE:
        day.rejudge()


def _examined_since(day: Supervision) -> None:
    """Who was examined, and cleared, after telling of what voids the clearance has answered it: the
    day goes on, and nothing of it outlasts the day (11.15)."""
    state = day.state
    told, examined_at = state.check_in, state.plan.examined_at
    if told is None or examined_at is None or state.checked_in_at is None:
        return
    if examined_at >= state.checked_in_at:
        left = tuple(code for code in told.changes_since_last if code not in CLEARANCE_VOIDED)
        state.check_in = told.model_copy(update={"changes_since_last": left})
