"""One active course a person, in memory and in PostgreSQL alike: one contract."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import asyncpg
import pytest

from clinical.identity import marks_of
from records.appointments import AppointmentStore
from records.store import RecordStore
from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces
from schemas.event import AppendEvents, EventKind
from schemas.identity import CourseClaim, MarkKind, Match, PersonKnown
from schemas.people import Person, PersonIdentifier
from tests.activities.clinic_book import ClinicBook
from tests.activities.people_book import PeopleBook
from tests.activities.test_appointments import TEN, confirm, release, wish
from tests.records.conftest import batch, fact

NUMBER = PersonIdentifier(system="urn:example:mrn", value="OT-1184")
OTTOLINE = Person(
    given_name="Ottoline", family_name="Thistlewood", birth_date=date(1984, 3, 9),
    identifiers=(NUMBER,),
)  # fmt: skip
NAMESAKE = OTTOLINE.model_copy(update={"identifiers": ()})
MARRIED = OTTOLINE.model_copy(update={"family_name": "Pennyworth"})
CASIMIR = Person(given_name="Casimir", family_name="Vandersloot", birth_date=date(1971, 8, 2))


class People(Protocol):
    """What the contract is about: facts in, places asked for."""

    async def append(self, batch: AppendEvents) -> tuple[Match, ...]: ...

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer: ...

    async def confirm(self, asked: ConfirmPlaces) -> bool: ...

    async def release(self, asked: ReleasePlaces) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self._book = ClinicBook()
        self._people = PeopleBook(day_in_force=self._book.in_force)

    async def append(self, batch: AppendEvents) -> tuple[Match, ...]:
        return await self._people.hear(batch)

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        return await self._people.claim(wish) or await self._book.reserve(wish)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        return await self._book.confirm(asked)

    async def release(self, asked: ReleasePlaces) -> None:
        await self._book.release(asked)


class InPostgres:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._store, self._book = RecordStore(pool), AppointmentStore(pool)

    async def append(self, batch: AppendEvents) -> tuple[Match, ...]:
        return (await self._store.append(batch)).matches

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        return await self._book.reserve(wish)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        return await self._book.confirm(asked)

    async def release(self, asked: ReleasePlaces) -> None:
        await self._book.release(asked)


@pytest.fixture(params=["in memory", "in PostgreSQL"])
def people(request: pytest.FixtureRequest) -> People:
    if request.param == "in memory":
        return InMemory()
    return InPostgres(request.getfixturevalue("pool"))


def known(person: Person, *, training: bool = False) -> PersonKnown:
    return PersonKnown(training=training, marks=marks_of(person))


def referred(journey: str, person: Person, clinic: str = "north", **more: Any) -> AppendEvents:
    began = fact(1, EventKind.JOURNEY_STARTED, {"protocol_version": "2026.1"})
    who = f"journey-{journey}"
    return batch(
        began, workflow_id=who, journey_id=who, clinic=clinic, person=known(person, **more)
    )


def said(journey: str, sequence: int, kind: EventKind, *others: str) -> AppendEvents:
    who = f"journey-{journey}"
    data = {"journeys": [f"journey-{other}" for other in others]}
    return batch(fact(sequence, kind, data), workflow_id=who, journey_id=who)


def asks(
    journey: str,
    person: Person,
    *,
    succeeds: tuple[str, ...] = (),
    at: datetime = TEN,
    **more: Any,
) -> ReservePlaces:
    """The wish for a first treatment day, with the claim that goes along."""
    claim = CourseClaim(
        person=known(person, **more), succeeds=tuple(f"journey-{j}" for j in succeeds)
    )
    return wish(journey, at, course=claim, chairs=50, nurses=tuple(f"rn-{n}" for n in range(50)))


def who(matches: tuple[Match, ...]) -> list[str]:
    return [match.journey_id for match in matches]


async def test_edge_35_the_later_of_two_referrals_of_one_person_hears_of_the_earlier(
    people: People,
) -> None:
    assert await people.append(referred("first", OTTOLINE)) == ()
    assert await people.append(referred("other", CASIMIR)) == ()

    (match,) = await people.append(referred("second", OTTOLINE, clinic="south"))

    assert (match.journey_id, match.clinic, match.treating) == ("journey-first", "north", False)
    assert set(match.agrees_on) == {MarkKind.IDENTIFIER, MarkKind.NAME_AND_BIRTH_DATE}


async def test_edge_35_told_again_the_answer_is_the_same_and_the_earlier_one_hears_nothing(
    people: People,
) -> None:
    await people.append(referred("first", OTTOLINE))
    once = await people.append(referred("second", OTTOLINE))

    again = await people.append(referred("second", OTTOLINE))
    earlier = await people.append(referred("first", OTTOLINE))

    assert (who(again), earlier) == (who(once), ())


async def test_edge_35_what_a_person_settled_is_not_asked_again(people: People) -> None:
    await people.append(referred("first", OTTOLINE))
    await people.append(referred("second", NAMESAKE))
    await people.append(said("second", 2, EventKind.PEOPLE_LINKED, "first"))

    assert await people.append(referred("second", NAMESAKE)) == ()


async def test_a_closed_journey_is_no_duplicate(people: People) -> None:
    await people.append(referred("first", OTTOLINE))
    await people.append(said("first", 2, EventKind.JOURNEY_CLOSED))

    assert await people.append(referred("second", OTTOLINE)) == ()


async def test_edge_35_who_is_treated_gets_no_place_in_a_second_course(people: People) -> None:
    first = await people.reserve(asks("first", OTTOLINE))
    second = await people.reserve(asks("second", MARRIED))
    other = await people.reserve(asks("other", CASIMIR))

    assert (first.reserved, second.reserved, other.reserved) == (True, False, True)
    assert who(second.held_by) == ["journey-first"]
    assert second.held_by[0].treating
    assert second.held_by[0].agrees_on == (MarkKind.IDENTIFIER,)


async def test_edge_35_the_same_claim_again_is_the_same_course(people: People) -> None:
    """As after a crash between the claim and the next step of the story."""
    first = await people.reserve(asks("first", OTTOLINE))
    again = await people.reserve(asks("first", OTTOLINE))

    assert first == again
    assert again.reserved


async def test_edge_35_a_course_that_was_linked_but_not_closed_still_blocks(
    people: People,
) -> None:
    await people.reserve(asks("first", OTTOLINE))
    await people.append(said("second", 1, EventKind.PEOPLE_LINKED, "first"))

    assert not (await people.reserve(asks("second", OTTOLINE))).reserved


async def test_edge_35_different_people_of_one_name_are_both_treated_a_third_is_asked_about(
    people: People,
) -> None:
    await people.reserve(asks("first", OTTOLINE))
    await people.append(said("second", 1, EventKind.PEOPLE_TOLD_APART, "first"))

    second = await people.reserve(asks("second", NAMESAKE))
    third = await people.reserve(asks("third", NAMESAKE))

    assert second.reserved
    assert who(third.held_by) == ["journey-first", "journey-second"]


async def test_edge_35_who_was_told_apart_is_not_asked_from_the_other_side_either(
    people: People,
) -> None:
    await people.append(said("second", 1, EventKind.PEOPLE_TOLD_APART, "first"))
    await people.reserve(asks("second", NAMESAKE))

    assert (await people.reserve(asks("first", OTTOLINE))).reserved


async def test_edge_35_the_first_of_two_namesakes_leaves_and_the_other_still_holds(
    people: People,
) -> None:
    await people.reserve(asks("first", OTTOLINE))
    await people.append(said("second", 1, EventKind.PEOPLE_TOLD_APART, "first"))
    await people.reserve(asks("second", NAMESAKE))
    await people.append(said("first", 1, EventKind.JOURNEY_CLOSED))

    third = await people.reserve(asks("third", NAMESAKE))

    assert who(third.held_by) == ["journey-second"]


async def test_edge_35_the_course_ends_with_its_journey_told_once_or_twice(
    people: People,
) -> None:
    await people.reserve(asks("first", OTTOLINE))
    await people.append(said("first", 1, EventKind.JOURNEY_CLOSED))
    await people.append(said("first", 1, EventKind.JOURNEY_CLOSED))

    assert (await people.reserve(asks("second", OTTOLINE))).reserved


async def test_edge_35_a_closed_journey_that_begins_again_finds_its_course_taken(
    people: People,
) -> None:
    await people.reserve(asks("first", OTTOLINE))
    await people.append(said("first", 1, EventKind.JOURNEY_CLOSED))
    await people.reserve(asks("second", OTTOLINE))

    again = await people.reserve(asks("first", OTTOLINE))

    assert who(again.held_by) == ["journey-second"]


async def test_edge_35_a_wish_that_arrives_after_its_journey_has_closed_takes_nothing(
    people: People,
) -> None:
    """As a try that was given up on may: nobody would ever give back what it took."""
    await people.append(referred("first", OTTOLINE))
    await people.append(said("first", 2, EventKind.JOURNEY_CLOSED))

    late = await people.reserve(asks("first", OTTOLINE))

    assert (late.reserved, late.held_by) == (False, ())
    assert (await people.reserve(asks("second", OTTOLINE))).reserved


async def test_edge_35_the_last_wish_of_a_closed_journey_ends_no_other_course(
    people: People,
) -> None:
    await people.append(referred("first", OTTOLINE))
    await people.append(said("first", 2, EventKind.JOURNEY_CLOSED))
    await people.reserve(asks("second", OTTOLINE, at=ago(days=2)))

    await people.reserve(asks("first", OTTOLINE, succeeds=("second",)))

    assert who((await people.reserve(asks("third", OTTOLINE))).held_by) == ["journey-second"]


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)  # noqa: TID251 - the book's clock is a real one


async def test_edge_35_a_course_found_ended_moves_in_one_step_and_its_journey_books_no_more(
    people: People,
) -> None:
    await people.reserve(asks("old", OTTOLINE))
    await people.release(release("old"))

    new = await people.reserve(asks("new", OTTOLINE, succeeds=("old",)))
    again = await people.reserve(asks("new", OTTOLINE, succeeds=("old",)))
    old = await people.reserve(asks("old", OTTOLINE))

    assert (new.reserved, again.reserved) == (True, True)
    assert who(old.held_by) == ["journey-new"]


@pytest.mark.parametrize("firm", [True, False], ids=["booked", "held"])
async def test_edge_35_a_course_with_a_day_still_to_come_has_not_ended_whoever_says_so(
    people: People, *, firm: bool
) -> None:
    await people.reserve(asks("old", OTTOLINE, at=ago(days=-2)))
    if firm:
        await people.confirm(confirm("old"))

    new = await people.reserve(asks("new", OTTOLINE, succeeds=("old",)))

    assert (new.reserved, who(new.held_by)) == (False, ["journey-old"])
    assert new.held_by[0].day_booked
    assert (await people.reserve(asks("old", OTTOLINE, at=ago(days=-2)))).reserved


async def test_edge_35_a_day_that_is_long_over_keeps_no_course(people: People) -> None:
    """Its journey was terminated: nobody gave its place back."""
    await people.reserve(asks("old", OTTOLINE, at=ago(days=2)))
    await people.confirm(confirm("old"))

    assert (await people.reserve(asks("new", OTTOLINE, succeeds=("old",)))).reserved


async def test_rehearsed_people_take_no_course_from_patients(people: People) -> None:
    await people.reserve(asks("rehearsed", OTTOLINE, training=True))

    assert (await people.reserve(asks("real", OTTOLINE))).reserved


def goes(journey: str, to_clinic: str) -> AppendEvents:
    name = f"journey-{journey}"
    left = fact(2, EventKind.TRANSFERRED_OUT, {"to_clinic": to_clinic})
    return batch(left, workflow_id=name, journey_id=name)


def continues(journey: str, old: str, clinic: str) -> ReservePlaces:
    claim = CourseClaim(person=known(OTTOLINE), transferred_from=f"journey-{old}")
    return asks(journey, OTTOLINE).model_copy(update={"course": claim, "clinic": clinic})


async def test_edge_37_a_transferred_course_goes_to_that_clinic_only_and_only_after_the_transfer(
    people: People,
) -> None:
    await people.append(referred("old", OTTOLINE))
    await people.reserve(asks("old", OTTOLINE))
    early = await people.reserve(continues("new", "old", "south"))
    await people.append(goes("old", "south"))

    elsewhere = await people.reserve(continues("other", "old", "west"))
    there = await people.reserve(continues("new", "old", "south"))

    assert (early.reserved, elsewhere.reserved, there.reserved) == (False, False, True)
    assert not (await people.reserve(asks("old", OTTOLINE))).reserved


async def test_edge_37_a_referral_that_continues_a_transferred_journey_is_no_duplicate(
    people: People,
) -> None:
    await people.append(referred("old", OTTOLINE))
    await people.append(goes("old", "south"))

    assert await people.append(referred("new", OTTOLINE, clinic="south")) == ()
    assert who(await people.append(referred("other", OTTOLINE, clinic="west"))) == [
        "journey-old",
        "journey-new",
    ]
