"""Never alone: how long an attendant's word holds, whom to page, and when."""

from datetime import UTC, datetime, timedelta

from clinical.attendance import judge_presence, next_page_at, presence_until, whom_to_page
from clinical.parameters import Parameters
from schemas.base import Role

P = Parameters.default()
NOON = datetime(2027, 3, 2, 17, tzinfo=UTC)


def test_a_patient_with_no_attendant_is_alone() -> None:
    (reason,) = judge_presence(None, NOON, P)
    assert (reason.code, reason.fact) == ("patient_alone", "no attendant")


def test_an_attendant_seen_twelve_minutes_ago_counts_as_gone() -> None:
    assert judge_presence(NOON, NOON + timedelta(minutes=11, seconds=59), P) == ()
    (reason,) = judge_presence(NOON, NOON + timedelta(minutes=12), P)
    assert reason.fact == "12 min unseen"
    assert presence_until(NOON, P) == NOON + timedelta(minutes=12)


def test_the_charge_nurse_is_paged_first_then_prescriber_then_director_again_and_again() -> None:
    ladder = [whom_to_page(paged) for paged in range(5)]

    director = Role.MEDICAL_DIRECTOR
    assert ladder == [Role.NURSE, Role.PRESCRIBER, director, director, director]


def test_what_was_slept_through_is_one_page_not_many() -> None:
    woken = NOON + timedelta(hours=2)

    assert next_page_at(NOON, None, P) == NOON
    assert next_page_at(NOON, woken, P) == woken + timedelta(minutes=3)
