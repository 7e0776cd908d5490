"""One person, one course: what people are asked of two journeys, and what their answer changes."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.appointment import PlacesAnswer, ReservePlaces
from schemas.base import Role
from schemas.journey import CloseJourney, HoldJourney, JourneyView, Phase, ResumeJourney
from schemas.people import Person, PersonIdentifier
from schemas.referral import Referral
from simulator import papers
from simulator.staff import Staff
from tests.activities.people_book import PeopleBook
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import close_day
from tests.workflows.places import by, cleared

SOUTH = NORTH.model_copy(update={"code": "south", "chairs": 3})
ROOMY = NORTH.model_copy(update={"chairs": 3})
NUMBER = PersonIdentifier(system="urn:example:mrn", value="OT-1184")


@pytest.fixture
def comparing(journeys: Clinical) -> Clinical:
    """A record that compares people."""
    journeys.outside.people = PeopleBook(day_in_force=journeys.outside.book.in_force)
    return journeys


def about(person: Person, number: str = "R-1") -> Referral:
    return papers.referral(number).model_copy(update={"patient": person})


def numbered() -> Person:
    return papers.patient().model_copy(update={"identifiers": (NUMBER,)})


async def referred(engine: Clinical, **changes: Any) -> Staff:
    """A new referral about the same person, once the record has heard of it."""
    staff = await engine.refer(**{"referral": about(papers.patient()), **changes})
    await staff.wait(lambda v: v.unrecorded == 0 and v.facts > 0)
    return staff


async def treating(engine: Clinical, **changes: Any) -> Staff:
    start: dict[str, Any] = {"referral": about(numbered()), "clinic": ROOMY, **changes}
    staff = await engine.refer(**cleared(**start))
    await staff.wait(lambda v: v.open_session is not None)
    return staff


async def refused(engine: Clinical, **changes: Any) -> Staff:
    """A second journey at the point of treating whom another one treats."""
    start: dict[str, Any] = {"referral": about(numbered()), "clinic": SOUTH, **changes}
    staff = await engine.refer(**cleared(**start))
    await staff.pending("course_conflict")
    return staff


async def booked(staff: Staff) -> JourneyView:
    return await staff.wait(lambda v: v.open_session is not None)


async def close(staff: Staff) -> None:
    await staff.give(
        "close_journey", CloseJourney(**by(Role.CARE_COORDINATOR, "close"), reason="moves away")
    )


# -- a duplicate referral -------------------------------------------------------------------------


async def test_edge_35_a_second_referral_of_one_person_is_offered_to_a_coordinator(
    comparing: Clinical,
) -> None:
    first = await referred(comparing)
    second = await referred(comparing, clinic=SOUTH)

    asked = await second.pending("duplicate_review")

    assert asked.owed_to is Role.CARE_COORDINATOR
    assert asked.options == ("duplicate", "same_person", "different_people")
    opened = [f for f in await comparing.facts(second) if f.data.get("kind") == "duplicate_review"]
    said = "clinic north: agrees on contact and birth date, name and birth date"
    assert opened[0].data["evidence"] == {first.journey_id: said}
    assert "PersonMatched" not in await comparing.kinds(first)
    assert (await second.door.journey(second.journey_id)).matches[0].journey_id == first.journey_id


async def test_a_match_holds_up_no_triage(comparing: Clinical) -> None:
    await referred(comparing)
    second = await referred(comparing)
    await second.pending("duplicate_review")

    await second.approve("referral_triage")

    view = await second.reach(Phase.PSYCH_EVAL)
    assert "duplicate_review" in [a.kind for a in view.pending_approvals]


async def test_edge_35_a_duplicate_ends_with_its_outcome_and_the_other_goes_on(
    comparing: Clinical,
) -> None:
    first = await referred(comparing)
    second = await referred(comparing)

    await second.approve("duplicate_review", "duplicate")

    kinds = await comparing.ended(second)
    assert kinds[-1] == "JourneyClosed"
    assert (await comparing.fact(second, "PeopleLinked")).data == {
        "journeys": [first.journey_id],
        "duplicate": True,
    }
    assert (await first.door.journey(first.journey_id)).phase is Phase.REFERRAL


async def test_a_referral_of_the_same_person_that_is_no_duplicate_is_linked_and_goes_on(
    comparing: Clinical,
) -> None:
    first = await referred(comparing)
    second = await referred(comparing)

    await second.approve("duplicate_review", "same_person")

    view = await second.wait(lambda v: bool(v.same_person))
    assert (view.phase, view.same_person) == (Phase.REFERRAL, (first.journey_id,))
    assert view.matches == ()


async def test_edge_52_one_person_alone_cannot_tell_apart_who_shares_an_identifier(
    comparing: Clinical,
) -> None:
    await referred(comparing, referral=about(numbered()))
    second = await referred(comparing, referral=about(numbered()))

    assert (await second.pending("duplicate_review")).options == ("duplicate", "same_person")


# -- the course -----------------------------------------------------------------------------------


async def test_edge_35_a_course_is_claimed_with_its_first_place_and_once(
    comparing: Clinical,
) -> None:
    staff = await treating(comparing)
    await close_day(comparing, staff)
    await staff.wait(lambda v: len(v.sessions) == 1 and v.open_session is not None)

    assert (await comparing.fact(staff, "CourseClaimed")).data == {"succeeds": []}
    assert (await staff.door.journey(staff.journey_id)).course_claimed


async def test_edge_35_a_second_course_of_one_person_books_nothing_and_asks_two_people(
    comparing: Clinical,
) -> None:
    first = await treating(comparing)
    second = await refused(comparing)

    view = await second.door.journey(second.journey_id)
    asked = await second.pending("course_conflict")

    assert view.open_session is None
    assert asked.roles == (Role.CARE_COORDINATOR, Role.MEDICAL_DIRECTOR)
    (held_by,) = (await comparing.fact(second, "CourseRefused")).data["held_by"]  # type: ignore[misc]
    assert held_by["journey_id"] == first.journey_id  # type: ignore[index]
    assert held_by["treating"]  # type: ignore[index]


async def test_edge_35_told_apart_by_two_people_both_are_treated(comparing: Clinical) -> None:
    first = await treating(comparing)
    second = await refused(comparing)

    await second.approve("course_conflict", "different_people")

    await booked(second)
    told = await comparing.fact(second, "PeopleToldApart")
    assert told.data == {"journeys": [first.journey_id]}
    assert (await first.door.journey(first.journey_id)).open_session is not None


async def test_edge_35_looked_at_again_once_the_other_has_closed_the_course_is_free(
    comparing: Clinical,
) -> None:
    first = await treating(comparing)
    second = await refused(comparing)
    await second.approve("course_conflict", "look_again")
    await second.wait(lambda v: "~2" in "".join(a.approval_id for a in v.pending_approvals))

    await close(first)
    await comparing.ended(first)
    await second.approve("course_conflict", "look_again")

    await booked(second)
    kinds = await comparing.kinds(second)
    assert kinds.count("CourseRefused") == 2
    assert "PeopleToldApart" not in kinds


async def test_edge_35_a_duplicate_found_at_the_last_moment_ends_without_a_dose(
    comparing: Clinical,
) -> None:
    await treating(comparing)
    second = await refused(comparing)

    await second.approve("course_conflict", "duplicate")

    kinds = await comparing.ended(second)
    assert "SessionBooked" not in kinds
    assert (await comparing.handle(second).result())["outcome"] == "duplicate"


async def test_edge_35_not_settled_the_journey_is_held_with_an_owner_and_claims_again_after(
    comparing: Clinical,
) -> None:
    first = await treating(comparing)
    second = await refused(comparing)

    await second.decline("course_conflict")

    view = await second.reach(Phase.ON_HOLD)
    assert view.hold is not None
    assert (view.hold.reason_code, view.hold.owner) == ("course_conflict", Role.CARE_COORDINATOR)
    await close(first)
    await comparing.ended(first)
    back = ResumeJourney(**by(Role.CARE_COORDINATOR, "back"), reason="the other one has ended")
    await second.give("resume", back)
    await second.approve("resume_from_hold")
    await booked(second)


async def between_days(engine: Clinical, staff: Staff) -> None:
    """On hold: the booked day is given back, the course is kept."""
    view = await staff.door.journey(staff.journey_id)
    hold = HoldJourney(
        **by(Role.NURSE, "hold"), reason="fever", review_on=(view.now + timedelta(days=300)).date()
    )
    await staff.give("hold", hold)
    await staff.reach(Phase.ON_HOLD)
    await staff.wait(lambda v: v.open_session is None)
    while engine.outside.book.in_force(staff.journey_id):
        await staff.door.settle()


async def test_edge_35_a_course_whose_journey_never_closed_is_taken_over_by_two_people(
    comparing: Clinical,
) -> None:
    """An operator terminated it: it will never say that it has ended."""
    first = await treating(comparing)
    await between_days(comparing, first)
    await comparing.handle(first).terminate()
    second = await refused(comparing)

    await second.approve("course_conflict", "other_course_ended")

    await booked(second)
    assert (await comparing.fact(second, "CourseClaimed")).data["succeeds"] == [first.journey_id]


async def test_edge_35_a_journey_whose_course_was_taken_over_books_no_further_day(
    comparing: Clinical,
) -> None:
    first = await treating(comparing)
    await between_days(comparing, first)
    second = await refused(comparing)
    await second.approve("course_conflict", "other_course_ended")
    await booked(second)

    back = ResumeJourney(**by(Role.CARE_COORDINATOR, "back"), reason="no fever any more")
    await first.give("resume", back)
    await first.approve("resume_from_hold")

    await first.pending("course_conflict")
    assert not (await first.door.journey(first.journey_id)).course_claimed


async def test_edge_35_a_course_with_a_booked_day_has_not_ended_whatever_two_people_say(
    comparing: Clinical,
) -> None:
    first = await treating(comparing)
    second = await refused(comparing)

    await second.approve("course_conflict", "other_course_ended")

    await second.wait(lambda v: "~2" in "".join(a.approval_id for a in v.pending_approvals))
    assert (await second.door.journey(second.journey_id)).open_session is None
    assert comparing.outside.people.people[first.journey_id].treating
    asked = [f for f in await comparing.facts(second) if f.data.get("kind") == "course_conflict"]
    assert "still booked or open" in str(asked[-1].data["evidence"])


async def test_edge_35_what_was_wrongly_said_of_a_course_does_not_end_it_another_day(
    comparing: Clinical,
) -> None:
    first = await treating(comparing)
    second = await refused(comparing)
    await second.approve("course_conflict", "other_course_ended")
    await second.wait(lambda v: "~2" in "".join(a.approval_id for a in v.pending_approvals))
    await between_days(comparing, first)

    await second.approve("course_conflict", "look_again")

    await second.wait(lambda v: "~3" in "".join(a.approval_id for a in v.pending_approvals))
    assert comparing.outside.people.people[first.journey_id].treating


class PeopleAway(PeopleBook):
    """A book of people that cannot be reached, until it can."""

    away = False

    async def claim(self, wish: ReservePlaces) -> PlacesAnswer | None:
        if self.away:
            raise ConnectionError
        return await super().claim(wish)


async def test_edge_35_a_journey_closed_while_its_wish_for_a_place_waits_keeps_no_course(
    journeys: Clinical,
) -> None:
    """The record is away: the wish, then the closing, wait for it. The wish is answered first."""
    people = journeys.outside.people = PeopleAway()
    first = await journeys.refer(
        **cleared(Phase.SCHEDULED, referral=about(numbered()), clinic=ROOMY)
    )
    await first.pending("series_start")
    await first.wait(lambda v: v.unrecorded == 0)
    people.away = journeys.outside.away = True
    await first.approve("series_start")
    await first.reach(Phase.INFUSION_SERIES)
    await journeys.door.settle()
    await close(first)
    await first.reach(Phase.CLOSED)

    people.away = journeys.outside.away = False

    assert (await journeys.ended(first))[-1] == "JourneyClosed"
    assert not people.people[first.journey_id].treating
    second = await journeys.refer(**cleared(referral=about(numbered()), clinic=SOUTH))
    await booked(second)


async def test_edge_35_a_hold_keeps_the_course(comparing: Clinical) -> None:
    first = await treating(comparing)
    await between_days(comparing, first)

    second = await refused(comparing)

    assert "CourseClaimed" not in await comparing.kinds(second)


async def test_a_run_that_turns_over_in_a_conflict_asks_no_second_time(
    comparing: Clinical,
) -> None:
    await treating(comparing)
    second = await refused(comparing)
    before = await second.pending("course_conflict")

    await comparing.handle(second).signal("refresh")
    await second.wait(lambda v: v.runs >= 2)

    assert (await second.pending("course_conflict")).approval_id == before.approval_id
    await second.approve("course_conflict", "different_people")
    await booked(second)
