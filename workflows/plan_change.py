"""What the journey learns after it has booked a day, as the day takes it in."""

from pydantic import BaseModel

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
    day.note(EventKind.PLAN_CHANGED, None, {"changed": sorted(changed)})
    if state.phase in ON_SITE:
        day.rejudge()
