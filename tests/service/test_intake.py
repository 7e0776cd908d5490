"""What a referral's journey is called, and what its name gives away."""

import re
from datetime import UTC, date, datetime

import pytest

from schemas.people import Person
from schemas.protocol import Clinic
from schemas.referral import Referral, ReferralIdentifier
from service.intake import journey_id, journey_of, judge_referral, workflow_of_task

KEY = b"k" * 32
IDENTIFIER = ReferralIdentifier(system="urn:ehr", value="REF-7")
HONOLULU = Clinic(code="north", name="Northlight", time_zone="Pacific/Honolulu")


def test_the_same_referral_has_the_same_journey() -> None:
    assert journey_id("north", IDENTIFIER, KEY) == journey_id("north", IDENTIFIER, KEY)


def test_the_name_of_a_journey_gives_nothing_away() -> None:
    found = journey_id("north", IDENTIFIER, KEY)

    assert re.fullmatch(r"journey-[a-z2-7]{26}", found)
    assert found != journey_id("north", IDENTIFIER, b"x" * 32)


@pytest.mark.parametrize(
    ("clinic", "system", "value"),
    [("south", "urn:ehr", "REF-7"), ("north", "urn:other", "REF-7"), ("north", "urn:ehr", "REF-8")],
)
def test_another_referral_has_another_journey(clinic: str, system: str, value: str) -> None:
    other = ReferralIdentifier(system=system, value=value)

    assert journey_id(clinic, other, KEY) != journey_id("north", IDENTIFIER, KEY)


def test_the_journey_is_read_from_its_sessions_and_tasks() -> None:
    journey = "journey-" + "a" * 26
    session = f"{journey}-spray-12"

    assert journey_of(journey) == journey_of(session) == journey
    assert workflow_of_task(f"{session}~discharge~3") == session


@pytest.mark.parametrize("name", ["", "journey-", "journey-UPPER", "x~y", "journey-1~k~1", "~"])
def test_what_is_no_id_of_ours_leads_nowhere(name: str) -> None:
    assert journey_of(name) is None
    assert workflow_of_task(name) is None


@pytest.mark.parametrize(
    ("born", "codes"),
    [
        (date(1984, 3, 9), []),
        (date(2026, 11, 23), []),
        (date(2026, 11, 24), ["birth_date_in_future"]),
        (date(1890, 1, 1), ["birth_date_too_early"]),
    ],
)
def test_a_birth_date_is_judged_by_the_clinics_own_day(born: date, codes: list[str]) -> None:
    person = Person(given_name="Thaddeus", family_name="Moonwhistle", birth_date=born)
    referral = Referral(clinic="north", identifier=IDENTIFIER, patient=person)
    # In Honolulu it is still the 23rd.
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)

    assert [reason.code for reason in judge_referral(referral, HONOLULU, now)] == codes
