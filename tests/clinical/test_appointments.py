"""What a treatment day takes up, and where else it could be: open days, room for all of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.appointments import later_starts, nurses_on, stay_of
from clinical.clinic_hours import opening
from clinical.parameters import Parameters
from clinical.readiness import session_length
from schemas.base import Role
from schemas.protocol import Clinic, Credential, StaffMember
from schemas.screening import Modality

P = Parameters.default()
NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(5), ("08:00", "18:00")),
    closures=(date(2026, 12, 4), date(2026, 12, 25)),
    chairs=4,
)
THURSDAY_TEN = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)


def nurse(name: str, **until: date) -> StaffMember:
    credentials = tuple(Credential(kind=kind, expires_on=on) for kind, on in until.items())
    return StaffMember(id=name, name="Marguerite Quill", role=Role.NURSE, credentials=credentials)


def test_an_infusion_takes_up_its_chair_from_arrival_to_the_end_of_the_buffer() -> None:
    stay = stay_of(Modality.IV_KETAMINE, P)

    assert stay.lead == timedelta(minutes=30)
    assert stay.length == timedelta(minutes=40 + 60 + 30)
    assert stay.observed == timedelta(minutes=40 + 20), "a late patient's dose is observed whole"


def test_a_spray_takes_up_its_chair_for_two_hours_after_the_last_device() -> None:
    stay = stay_of(Modality.ESKETAMINE, P)

    assert stay.length == timedelta(minutes=10 + 120 + 30)


def test_edge_33_a_nurse_whose_certificate_has_lapsed_observes_nobody() -> None:
    far, near = date(2036, 12, 31), date(2026, 12, 3)
    staff = (
        nurse("rn-quill", bls=far, acls=far),
        nurse("rn-abara", bls=far, acls=near),
        nurse("rn-tamm", bls=far),
    )
    clinic = NORTH.model_copy(update={"staff": staff})

    assert nurses_on(date(2026, 12, 3), clinic) == ("rn-quill", "rn-abara")
    assert nurses_on(date(2026, 12, 4), clinic) == ("rn-quill",)


def test_a_clinic_that_names_nobody_is_taken_to_have_a_nurse_for_each_chair() -> None:
    assert len(nurses_on(date(2026, 12, 3), NORTH)) == NORTH.chairs


def test_edge_44_another_hour_is_looked_for_on_open_days_only() -> None:
    found = later_starts(THURSDAY_TEN, NORTH, Modality.IV_KETAMINE, P)

    days = sorted({at.date() for at in found})
    assert days == [date(2026, 12, 3), *(date(2026, 12, day) for day in (7, 8, 9, 10))]
    assert found[0] == THURSDAY_TEN + timedelta(minutes=15)


def test_nothing_is_looked_for_after_the_end_of_the_series() -> None:
    until = THURSDAY_TEN + timedelta(hours=1)

    found = later_starts(THURSDAY_TEN, NORTH, Modality.IV_KETAMINE, P, until=until)

    assert found
    assert max(found) <= until


@pytest.mark.parametrize("modality", list(Modality))
@settings(deadline=None)
@given(minutes=st.integers(0, 60 * 24 * 200))
def test_every_hour_that_is_offered_has_room_for_the_whole_session(
    modality: Modality, minutes: int
) -> None:
    wanted = THURSDAY_TEN + timedelta(minutes=minutes)

    for start in later_starts(wanted, NORTH, modality, P):
        hours = opening(start.astimezone(UTC).date(), NORTH)
        assert hours is not None
        assert start > wanted
        assert hours[0] <= start
        assert start + session_length(modality, P) <= hours[1]
