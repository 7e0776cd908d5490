"""A closure announced after a day was booked: a person moves the day, and nothing else is planned
on it (11.44)."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from clinical.clinic_hours import local_date
from schemas.appointment import PlacesAnswer, ReservePlaces
from schemas.base import Role
from schemas.closure import AnnounceClosure
from schemas.infusion import DoseOutcome
from schemas.journey import JourneyView, Phase, Series
from schemas.screening import Modality
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import asked, close_day, given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, dosed, now


async def booked(journeys: Clinical, **changes: Any) -> tuple[Staff, JourneyView, date]:
    """A journey with its next day booked, and that day."""
    staff = await journeys.refer(**cleared(**changes))
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    return staff, view, local_date(view.next_session_at, NORTH)


async def closes(staff: Staff, *days: date, key: str = "snow") -> None:
    said = {"closed_on": days, "reason": "snow"}
    command = AnnounceClosure(**by(Role.CARE_COORDINATOR, key), **said)
    await staff.give("announce_closure", command)


async def moved(staff: Staff, before: JourneyView) -> datetime:
    """When the day is that took the place of the one before."""
    view = await staff.wait(lambda v: v.open_session not in (None, before.open_session))
    assert view.next_session_at is not None
    return view.next_session_at


def waiting(view: JourneyView) -> set[str]:
    return {task.kind for task in view.pending_approvals}


async def test_edge_44_a_closure_announced_after_booking_asks_a_person_to_move_the_day(
    skipping: Clinical,
) -> None:
    staff, before, day = await booked(skipping)

    await closes(staff, day)

    task = await asked(skipping, staff, "closed_day")
    assert task.owed_to is Role.CARE_COORDINATOR
    assert local_date(datetime.fromisoformat(task.evidence["proposed_at"]), NORTH) > day
    view = await staff.door.journey(staff.journey_id)
    assert view.open_session == before.open_session, "nothing moves by itself"
    await staff.approve("closed_day")
    at = await moved(staff, before)
    assert local_date(at, NORTH) > day
    assert waiting(await staff.door.journey(staff.journey_id)) == set()


async def test_edge_44_the_rest_of_a_moved_series_keeps_its_spacing_and_its_window(
    skipping: Clinical,
) -> None:
    doses = [dosed(1, 21), dosed(2, 18)]
    staff, before, day = await booked(skipping, sessions=doses)

    await closes(staff, *(day + timedelta(days=n) for n in range(3)))
    await staff.approve("closed_day")

    at = await moved(staff, before)
    assert local_date(at, NORTH) >= day + timedelta(days=3)
    assert doses[1].dosed_at is not None
    assert at - doses[1].dosed_at >= timedelta(hours=48)


async def test_edge_44_a_day_that_is_not_moved_stands(skipping: Clinical) -> None:
    staff, before, day = await booked(skipping)
    await closes(staff, day)

    await staff.decline("closed_day")

    view = await staff.door.journey(staff.journey_id)
    assert view.open_session == before.open_session
    assert "closed_day" not in waiting(view)


async def test_edge_44_nothing_more_is_booked_on_a_closed_day(skipping: Clinical) -> None:
    staff, before, day = await booked(skipping)
    later = [day + timedelta(days=n) for n in range(1, 9)]

    await closes(staff, *later)
    assert "closed_day" not in waiting(await staff.door.journey(staff.journey_id))
    await close_day(skipping, staff, outcome="completed")

    at = await moved(staff, before)
    assert local_date(at, NORTH) > later[-1]


async def test_edge_44_a_day_that_is_over_need_not_be_moved(skipping: Clinical) -> None:
    staff, _, day = await booked(skipping)
    await closes(staff, day)
    await staff.pending("closed_day")

    await close_day(skipping, staff, outcome="completed")

    view = await staff.wait(lambda v: "closed_day" not in waiting(v))
    assert view.sessions[-1].outcome is DoseOutcome.COMPLETED, "nobody moved it"


async def test_a_closure_is_of_days_to_come_and_counts_once(skipping: Clinical) -> None:
    staff, view, day = await booked(skipping)

    with pytest.raises(Refused) as refused:
        await closes(staff, local_date(view.now, NORTH) - timedelta(days=1), key="late")
    await closes(staff, day)
    await closes(staff, day, key="again")

    assert refused.value.codes == ["closure_past"]
    told = [f for f in await skipping.facts(staff) if f.kind == "ClosureAnnounced"]
    assert len(told) == 1


async def test_edge_44_a_day_is_not_booked_on_a_closure_that_came_while_a_chair_was_sought(
    journeys: Clinical, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve, wishes, answered = journeys.outside.book.reserve, [], asyncio.Event()

    async def slow(wish: ReservePlaces) -> PlacesAnswer:
        wishes.append(wish)
        await answered.wait()
        return await reserve(wish)

    monkeypatch.setattr(journeys.outside.book, "reserve", slow)
    staff = await journeys.refer(**cleared())
    while not wishes:
        await staff.door.settle()
    closed_on = local_date(wishes[0].starts_at, NORTH)
    await closes(staff, closed_on)
    answered.set()

    view = await staff.wait(lambda v: v.next_session_at is not None)

    assert view.next_session_at is not None
    assert local_date(view.next_session_at, NORTH) > closed_on


async def test_edge_44_a_closure_never_carries_a_series_beyond_its_window(
    journeys: Clinical,
) -> None:
    """Four infusions in twenty days, two planned; the clinic closes for two weeks after the
    fifth."""
    doses = [dosed(n, 24 - 4 * n) for n in range(1, 5)]
    series = Series(
        course="induction",
        modality=Modality.IV_KETAMINE,
        planned=(now() + timedelta(days=1), now() + timedelta(days=4)),
        target=6,
        done=4,
        began_at=now() - timedelta(days=21),
    )
    numbers = {Modality.IV_KETAMINE: 4}
    staff = await journeys.refer(**cleared(sessions=doses, booked=numbers, series=series))
    await staff.approve("course_review")
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    day = local_date(view.next_session_at, NORTH)

    await closes(staff, *(day + timedelta(days=n) for n in range(1, 16)))
    await given(staff)

    view = await staff.reach(Phase.REEVALUATION)
    assert view.open_session is None
