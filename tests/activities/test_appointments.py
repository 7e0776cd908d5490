"""The clinic's book keeps its promises, in memory and in PostgreSQL alike: one contract."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.appointments import AppointmentsActivities, AppointmentsPort
from records.appointments import AppointmentStore
from records.errors import RecordUnavailable
from schemas.appointment import (
    ConfirmPlaces,
    PlacesAnswer,
    ReleasePlaces,
    ReservePlaces,
    StayLength,
)
from tests.activities.clinic_book import ClinicBook

TEN = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)
STAY = StayLength(
    lead=timedelta(minutes=30), observed=timedelta(minutes=60), length=timedelta(minutes=130)
)
NURSES = ("rn-quill", "rn-abara")
GONE = timedelta(seconds=-1)


def wish(session: str, at: datetime = TEN, **changes: Any) -> ReservePlaces:
    fields: dict[str, Any] = {
        "session_id": f"journey-{session}-infusion-1",
        "journey_id": f"journey-{session}",
        "clinic": "north",
        "starts_at": at,
        "stay": STAY,
        "chairs": 4,
        "nurses": NURSES,
        "patients_per_nurse": 2,
        "hold_for": timedelta(minutes=15),
        **changes,
    }
    return ReservePlaces(**fields)


def confirm(session: str) -> ConfirmPlaces:
    return ConfirmPlaces(session_id=f"journey-{session}-infusion-1")


def release(session: str, at: datetime = TEN - timedelta(days=1)) -> ReleasePlaces:
    return ReleasePlaces(
        session_id=f"journey-{session}-infusion-1", released_at=at, because="aborted"
    )


@pytest.fixture(params=["in memory", "in PostgreSQL"])
def book(request: pytest.FixtureRequest) -> AppointmentsPort:
    if request.param == "in memory":
        return ClinicBook()
    pool: asyncpg.Pool = request.getfixturevalue("pool")
    return AppointmentStore(pool)


async def test_a_stay_gets_a_chair_and_an_observer_until_its_buffer_ends(
    book: AppointmentsPort,
) -> None:
    answer = await book.reserve(wish("plum"))

    assert answer == PlacesAnswer(
        session_id="journey-plum-infusion-1",
        starts_at=TEN,
        reserved=True,
        ends_at=TEN + STAY.length,
        chair="chair-1",
        observer="rn-quill",
    )


async def test_the_same_reservation_twice_is_one(book: AppointmentsPort) -> None:
    first = await book.reserve(wish("plum", chairs=1))
    again = await book.reserve(wish("plum", chairs=1))
    await book.confirm(confirm("plum"))
    firm = await book.reserve(wish("plum", chairs=1))

    assert first == again == firm


async def test_a_chair_seats_one_for_the_whole_stay(book: AppointmentsPort) -> None:
    await book.reserve(wish("plum", chairs=1))

    last_taken = TEN + STAY.length + STAY.lead
    early = await book.reserve(wish("quince", last_taken - timedelta(minutes=1), chairs=1))
    after = await book.reserve(wish("quince", last_taken, chairs=1))

    assert (early.reserved, after.reserved) == (False, True)


async def test_edge_34_an_observer_never_watches_two_who_are_dosing(
    book: AppointmentsPort,
) -> None:
    one = {"nurses": ("rn-quill",)}
    await book.reserve(wish("plum", **one))

    beside = await book.reserve(wish("quince", TEN + timedelta(minutes=59), **one))
    also = await book.reserve(wish("quince", TEN + timedelta(minutes=20), nurses=NURSES))

    assert not beside.reserved
    assert also.observer == "rn-abara"


async def test_edge_34_who_observes_a_dose_cares_for_nobody_else_meanwhile(
    book: AppointmentsPort,
) -> None:
    early = STAY.model_copy(update={"lead": timedelta(minutes=90)})
    one = {"nurses": ("rn-quill",)}
    await book.reserve(wish("plum", **one))

    during = await book.reserve(wish("quince", TEN + timedelta(minutes=149), stay=early, **one))
    after = await book.reserve(wish("quince", TEN + timedelta(minutes=150), stay=early, **one))

    assert (during.reserved, after.reserved) == (False, True)


@pytest.mark.parametrize(("patients", "fits"), [(1, False), (2, True)])
async def test_a_nurse_cares_for_no_more_than_the_clinic_allows(
    book: AppointmentsPort, patients: int, fits: bool
) -> None:
    one = {"nurses": ("rn-quill",), "patients_per_nurse": patients}
    await book.reserve(wish("plum", **one))

    # Quince arrives while plum recovers, and is dosed when plum has gone.
    beside = await book.reserve(wish("quince", TEN + STAY.length, **one))

    assert beside.reserved is fits


async def test_no_dose_begins_while_its_only_nurse_cares_for_another(
    book: AppointmentsPort,
) -> None:
    one = {"nurses": ("rn-quill",)}
    await book.reserve(wish("plum", **one))

    early = TEN + STAY.length - timedelta(minutes=1)
    alone = await book.reserve(wish("quince", early, **one))
    with_another = await book.reserve(wish("quince", early))

    assert not alone.reserved
    assert with_another.observer == "rn-abara"


async def test_where_an_hour_is_taken_the_answer_says_which_later_ones_fit(
    book: AppointmentsPort,
) -> None:
    later = tuple(TEN + timedelta(hours=hours) for hours in (1, 2, 3, 24))
    await book.reserve(wish("plum", chairs=1))

    answer = await book.reserve(wish("quince", chairs=1, later_starts=later))

    assert not answer.reserved
    assert answer.later == (TEN + timedelta(hours=3), TEN + timedelta(hours=24))


async def test_a_move_takes_the_new_hour_and_gives_up_the_old(book: AppointmentsPort) -> None:
    await book.reserve(wish("plum", chairs=1))
    moved = await book.reserve(wish("plum", TEN + timedelta(minutes=15), chairs=1))
    other = await book.reserve(wish("quince", TEN - timedelta(hours=3), chairs=1))

    assert moved.reserved
    assert other.reserved


async def test_a_move_to_a_taken_hour_keeps_the_old_one(book: AppointmentsPort) -> None:
    next_day = TEN + timedelta(days=1)
    await book.reserve(wish("plum", chairs=1))
    await book.reserve(wish("quince", next_day, chairs=1))

    moved = await book.reserve(wish("plum", next_day, chairs=1))
    meanwhile = await book.reserve(wish("medlar", chairs=1))

    assert (moved.reserved, meanwhile.reserved) == (False, False)


async def test_an_expired_hold_blocks_nobody_and_cannot_be_confirmed(
    book: AppointmentsPort,
) -> None:
    await book.reserve(wish("plum", chairs=1, hold_for=GONE))

    assert not await book.confirm(confirm("plum"))
    assert (await book.reserve(wish("quince", chairs=1))).reserved
    assert not (await book.reserve(wish("plum", chairs=1))).reserved


async def test_what_is_confirmed_expires_no_more(book: AppointmentsPort) -> None:
    await book.reserve(wish("plum", chairs=1))

    assert await book.confirm(confirm("plum"))
    assert await book.confirm(confirm("plum"))
    assert not (await book.reserve(wish("quince", chairs=1))).reserved


async def test_places_given_back_before_the_day_are_free_at_once(book: AppointmentsPort) -> None:
    await book.reserve(wish("plum", chairs=1))
    await book.confirm(confirm("plum"))

    await book.release(release("plum"))
    await book.release(release("plum"))

    assert not await book.confirm(confirm("plum"))
    assert (await book.reserve(wish("quince", chairs=1))).reserved


async def test_a_day_that_ends_early_gives_back_what_is_left_of_it(book: AppointmentsPort) -> None:
    aborted_at = TEN + timedelta(minutes=20)
    await book.reserve(wish("plum", chairs=1))

    await book.release(release("plum", aborted_at))
    overlapping = await book.reserve(wish("quince", aborted_at + timedelta(minutes=29), chairs=1))
    after = await book.reserve(wish("quince", aborted_at + timedelta(minutes=30), chairs=1))

    assert (overlapping.reserved, after.reserved) == (False, True)


async def test_giving_back_what_was_never_taken_changes_nothing(book: AppointmentsPort) -> None:
    await book.release(release("plum"))

    assert not await book.confirm(confirm("plum"))


async def test_training_takes_no_chair_from_a_patient(book: AppointmentsPort) -> None:
    rehearsed = await book.reserve(wish("plum", chairs=1, training=True))
    treated = await book.reserve(wish("quince", chairs=1))
    elsewhere = await book.reserve(wish("medlar", chairs=1, clinic="south"))

    assert rehearsed.reserved
    assert treated.reserved
    assert elsewhere.reserved


async def test_the_activities_pass_on_what_the_book_says(book: AppointmentsPort) -> None:
    activities = AppointmentsActivities(book)
    run = ActivityEnvironment().run

    assert (await run(activities.reserve_places, wish("plum"))).reserved
    assert await run(activities.confirm_places, confirm("plum"))
    await run(activities.release_places, release("plum"))
    assert not await run(activities.confirm_places, confirm("plum"))


async def test_a_book_that_is_away_is_an_error_to_try_again() -> None:
    class Away(ClinicBook):
        async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
            raise RecordUnavailable

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(AppointmentsActivities(Away()).reserve_places, wish("plum"))

    assert caught.value.type == "RecordUnavailable"
    assert not caught.value.non_retryable
