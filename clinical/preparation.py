"""Ahead of a treatment day: the gate judged 72, 24 and 2 hours before, on what can be told.

Fact sheet 2.3 (a result that will expire first is flagged at booking), 4.2 and edge cases 4, 40.
"""

from datetime import datetime, timedelta

from clinical.parameters import Parameters
from clinical.readiness import judge_readiness
from schemas.base import Role
from schemas.infusion import Missing, SessionPlan
from schemas.preparation import Preparation


def next_look_at(
    scheduled_at: datetime, looked_at: datetime | None, parameters: Parameters
) -> datetime | None:
    """When the gate is judged next ahead of a day at `scheduled_at`; None once the last look has
    been. Never looked at yet: at once, whenever that is (4.2). Aware UTC."""
    if looked_at is None:
        return datetime.min.replace(tzinfo=scheduled_at.tzinfo)
    looks = (scheduled_at - look for look in _looks(parameters))
    return min((at for at in looks if at > looked_at), default=None)


def first_look_at(scheduled_at: datetime, parameters: Parameters) -> datetime:
    """When what a day needs from outside is asked for at the earliest (4.2). Aware UTC."""
    return scheduled_at - max(_looks(parameters))


def tell_at(asked_at: datetime, parameters: Parameters) -> datetime:
    """When whoever can supply a thing that is missing at the door is written to, should it still
    be missing: they are most often at hand (4.2). Aware UTC."""
    return asked_at + parameters.duration("ready.tell_after")


def look_ahead(
    plan: SessionPlan, preparation: Preparation | None, now: datetime, parameters: Parameters
) -> tuple[Missing, ...]:
    """Everything that already stands between this patient and the planned dose, each with who can
    supply it and by when (4.2). Judged at the planned dosing time, not at `now`."""
    ahead = judge_readiness(plan, None, None, False, None, None, now, parameters)
    return (*ahead.missing, *_escort(plan, preparation or Preparation(), now, parameters))


def _escort(
    plan: SessionPlan, preparation: Preparation, now: datetime, parameters: Parameters
) -> tuple[Missing, ...]:
    """An adult who takes the patient home: named from the first look on, confirmed from a day
    before (11.4)."""
    if not parameters.flag("dis.escort_required"):
        return ()
    ahead = plan.scheduled_at - now
    named = preparation.escort is not None and bool(preparation.escort.phone)
    if not named and ahead <= max(_looks(parameters)):
        return (_needs("escort_not_named", "An adult escort, by name and phone.", plan),)
    confirmed = preparation.escort_confirmed
    if named and not confirmed and ahead <= parameters.duration("ready.escort_confirmed"):
        return (_needs("escort_not_confirmed", "The escort confirms that they come.", plan),)
    return ()


def _looks(parameters: Parameters) -> tuple[timedelta, ...]:
    return tuple(timedelta(hours=hours) for hours in parameters.numbers("ready.looks"))


def _needs(code: str, text: str, plan: SessionPlan) -> Missing:
    return Missing(code=code, text=text, supplied_by=Role.CARE_COORDINATOR, by=plan.scheduled_at)
