"""How a treatment day goes in a test of the journey: given, missed, or closed as it is told to."""

from datetime import timedelta
from typing import Any

from schemas.approval import Task
from schemas.event import Fact
from schemas.journey import JourneyView
from simulator.bedside import Bedside
from simulator.staff import Staff
from tests.workflows.conftest import Clinical

MISSED = {"phase": "MISSED", "outcome": "none"}


async def close_day(journeys: Clinical, staff: Staff, **told: Any) -> JourneyView:
    """The open session closes now, as it is told to."""
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session is not None
    await journeys.client.get_workflow_handle(view.open_session).signal("close_as", told)
    return await staff.wait(lambda v: v.open_session != view.open_session)


async def given(staff: Staff) -> JourneyView:
    """The booked day comes and its dose is given."""
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    await staff.door.until(staff.journey_id, view.next_session_at + timedelta(hours=3))
    return await staff.wait(lambda v: v.open_session != view.open_session)


async def ready_to_start(staff: Staff) -> Bedside:
    """The booked day is arranged, the patient has come and is prepared: the pump may start."""
    day = await staff.booked()
    await staff.arrange(day.session_id)
    await staff.door.until(day.session_id, day.scheduled_at)
    bedside = Bedside(staff, day)
    await bedside.prepare()
    return bedside


async def asked(journeys: Clinical, staff: Staff, kind: str) -> Task:
    """The task of this kind that was opened last, as it is on record with its evidence."""
    await staff.pending(kind)
    opened = [f for f in await journeys.facts(staff) if f.kind == "TaskOpened"]
    return next(t for t in map(_task, reversed(opened)) if t.kind == kind)


def _task(fact: Fact) -> Task:
    return Task.model_validate(fact.data)
