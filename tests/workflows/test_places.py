"""No treatment day without a chair, an observer and a nurse: what a journey does to have them."""

from datetime import date, datetime, timedelta
from typing import Any

from schemas.appointment import PlacesAnswer, ReservePlaces
from schemas.base import Role
from schemas.infusion import SessionView
from schemas.journey import HoldJourney, JourneyView
from schemas.protocol import Credential, StaffMember
from simulator.bedside import Bedside
from simulator.staff import Staff
from tests.activities.clinic_book import ClinicBook
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import MISSED, close_day
from tests.workflows.places import by, cleared


async def booked(journeys: Clinical, **changes: Any) -> tuple[Staff, JourneyView]:
    staff = await journeys.refer(**cleared(**changes))
    return staff, await staff.wait(lambda v: v.open_session is not None)


async def firm(journeys: Clinical, session_id: str | None) -> None:
    """Once the hold of this session has been confirmed."""
    book = journeys.outside.book
    for _ in range(2000):
        kept = book.kept.get(session_id or "")
        if kept is not None and kept.expires_at is None:
            return
        await journeys.door.settle()
    raise AssertionError(f"never confirmed; the book has {list(book.kept)}")


async def given_back(journeys: Clinical, session_id: str | None) -> None:
    for _ in range(2000):
        if session_id not in journeys.outside.book.kept:
            return
        await journeys.door.settle()
    raise AssertionError("never given back")


async def test_a_day_is_booked_with_its_places_and_they_become_firm(journeys: Clinical) -> None:
    _, view = await booked(journeys)

    await firm(journeys, view.open_session)
    wish = journeys.outside.book.kept[view.open_session or ""].wish
    assert wish.starts_at == view.next_session_at
    assert wish.training
    assert wish.stay.lead == timedelta(minutes=30)
    assert wish.stay.length == timedelta(minutes=130)


async def test_edge_44_a_taken_hour_moves_the_day_to_the_next_that_fits(
    journeys: Clinical,
) -> None:
    one, first = await booked(journeys)
    two, second = await booked(journeys)

    assert first.next_session_at is not None
    assert second.next_session_at is not None
    # One chair: the second patient may arrive when the first one has left.
    apart = abs(second.next_session_at - first.next_session_at)
    assert apart >= timedelta(minutes=160)
    assert (await journeys.fact(one, "SessionBooked")).data["wanted_at"] is None
    moved = (await journeys.fact(two, "SessionBooked")).data
    assert datetime.fromisoformat(str(moved["wanted_at"])) == first.next_session_at


async def test_the_places_of_a_missed_day_are_free_at_once(journeys: Clinical) -> None:
    staff, view = await booked(journeys)
    await firm(journeys, view.open_session)

    await close_day(journeys, staff, **MISSED)

    await given_back(journeys, view.open_session)


async def test_a_hold_gives_the_places_back(journeys: Clinical) -> None:
    staff, view = await booked(journeys)
    review_on = (view.now + timedelta(days=7)).date()
    hold = HoldJourney(**by(Role.NURSE, "hold"), reason="fever", review_on=review_on)

    await staff.give("hold", hold)

    await given_back(journeys, view.open_session)


class Away(ClinicBook):
    """A book that cannot be reached, until it can."""

    away = True

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        if self.away:
            raise ConnectionError
        return await super().reserve(wish)


async def test_while_the_book_is_away_nothing_is_booked_and_a_hold_is_still_heard(
    journeys: Clinical,
) -> None:
    book = journeys.outside.book = Away()
    staff = await journeys.refer(**cleared())
    await journeys.door.settle()

    view = await journeys.door.journey(staff.journey_id)
    assert view.open_session is None
    review_on = (view.now + timedelta(days=7)).date()
    hold = HoldJourney(**by(Role.NURSE, "hold"), reason="fever", review_on=review_on)
    await staff.give("hold", hold)
    await staff.wait(lambda v: v.hold is not None and v.phase == "ON_HOLD")

    book.away = False
    await given_back(journeys, f"{staff.journey_id}-infusion-1")


async def test_when_the_book_is_back_the_day_is_booked(journeys: Clinical) -> None:
    book = journeys.outside.book = Away()
    staff = await journeys.refer(**cleared())
    await journeys.door.settle()
    book.away = False

    view = await staff.wait(lambda v: v.open_session is not None)

    assert view.open_session == f"{staff.journey_id}-infusion-1"
    await firm(journeys, view.open_session)


class Forgetful(ClinicBook):
    """A book in which the first hold runs out before it is confirmed."""

    forgot = False

    async def confirm(self, asked: Any) -> bool:
        if not self.forgot:
            self.forgot = True
            self.kept.clear()
        return await super().confirm(asked)


async def test_a_hold_that_ran_out_before_it_was_confirmed_is_taken_again(
    journeys: Clinical,
) -> None:
    book = journeys.outside.book = Forgetful()
    _, view = await booked(journeys)

    await firm(journeys, view.open_session)
    assert book.forgot


async def test_where_no_place_is_found_a_coordinator_decides(journeys: Clinical) -> None:
    nobody = NORTH.model_copy(update={"chairs": 0})
    staff = await journeys.refer(**cleared(clinic=nobody))

    await staff.decline("place_wanted")

    view = await staff.wait(lambda v: v.phase == "REEVALUATION")
    assert "SessionBooked" not in await journeys.kinds(staff)
    assert view.open_session is None


async def test_edge_3_a_start_so_late_that_the_observation_outlasts_its_place_is_refused(
    whole: Clinical,
) -> None:
    staff, view = await booked(whole)
    day: SessionView = await staff.door.session(view.open_session or "")
    bedside = Bedside(staff, day)
    await staff.door.until(day.session_id, day.scheduled_at)
    await bedside.prepare()

    await staff.door.until(day.session_id, day.scheduled_at + timedelta(minutes=31))

    late = await staff.door.session(day.session_id)
    assert "stay_does_not_fit" in [missing.code for missing in late.missing]


def _nurse(name: str) -> StaffMember:
    ends = date(2099, 12, 31)
    trained = tuple(Credential(kind=kind, expires_on=ends) for kind in ("bls", "acls"))
    return StaffMember(id=name, name=name, role=Role.NURSE, credentials=trained)


STAFFED = NORTH.model_copy(update={"staff": (_nurse("rn-abara"), _nurse("rn-tamm"))})


async def test_edge_34_another_nurse_at_check_in_than_the_book_keeps_says_so(
    whole: Clinical,
) -> None:
    staff, view = await booked(whole, clinic=STAFFED)
    day: SessionView = await staff.door.session(view.open_session or "")
    assert day.observer == "rn-abara"
    await staff.door.until(day.session_id, day.scheduled_at)

    await Bedside(staff, day).prepare()  # rn-quill, who says why

    assert (await staff.door.session(day.session_id)).missing == ()


class Swapped(Forgetful):
    """A book in which the hold that is taken again is watched by somebody else."""

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        answer = await super().reserve(wish)
        return answer.model_copy(update={"observer": "rn-tamm"}) if self.forgot else answer


async def test_edge_34_a_booked_day_hears_of_another_observer(whole: Clinical) -> None:
    whole.outside.book = Swapped()
    staff, view = await booked(whole, clinic=STAFFED)
    await firm(whole, view.open_session)

    for _ in range(2000):
        observer = (await staff.door.session(view.open_session or "")).observer
        if observer != "rn-abara":
            break
        await whole.door.settle()
    assert observer == "rn-tamm", "the day hears whom the book keeps for it now"
