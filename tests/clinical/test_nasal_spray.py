"""The spray's own rules: switching, devices and doses, the form after every session."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinical.authorization import judge_authorization
from clinical.nasal_spray import (
    delivered_mg,
    devices_for,
    judge_spray_dose,
    judge_switch,
    monitoring_form_times,
    next_device_at,
)
from clinical.parameters import Parameters
from schemas.protocol import Clinic
from schemas.screening import ScreeningDecision, ScreeningOutcome

P = Parameters.default()
NEW_YORK = ZoneInfo("America/New_York")
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
FIRST_SPRAY = datetime(2027, 2, 1, 15, 0, tzinfo=UTC)
GOOD: dict[str, object] = {
    "first_spray_at": FIRST_SPRAY,
    "last_infusion_at": FIRST_SPRAY - timedelta(days=7),
    "site_certified": True,
    "patient_enrolled": True,
    "consent_in_force": True,
    "screening": ScreeningDecision(outcome=ScreeningOutcome.CLEARED),
    "prior_trials_documented": True,
    "authorization_approved": True,
    "parameters": P,
}


def codes(**facts: object) -> list[str]:
    return [reason.code for reason in judge_switch(**{**GOOD, **facts})]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"site_certified": False}, ["site_not_certified"]),
        ({"patient_enrolled": False}, ["patient_not_enrolled"]),
        ({"consent_in_force": False}, ["consent_missing"]),
        ({"screening": None}, ["contraindicated"]),
        (
            {"screening": ScreeningDecision(outcome=ScreeningOutcome.BLOCKED)},
            ["contraindicated"],
        ),
        ({"prior_trials_documented": False}, ["trials_not_documented"]),
        ({"authorization_approved": False}, ["not_authorized"]),
        ({"last_infusion_at": None}, []),
    ],
)
def test_edge_47_what_a_switch_to_the_spray_needs(
    facts: dict[str, object], expected: list[str]
) -> None:
    assert codes(**facts) == expected


@pytest.mark.parametrize(
    ("hours", "accepted", "expected"),
    [
        (23.99, True, ["too_soon"]),
        (24, True, []),
        (24, False, ["gap_below_target"]),
        (71.99, False, ["gap_below_target"]),
        (72, False, []),
    ],
)
def test_hours_between_the_last_infusion_and_the_first_spray(
    hours: float, accepted: bool, expected: list[str]
) -> None:
    last = FIRST_SPRAY - timedelta(hours=hours)

    assert codes(last_infusion_at=last, prescriber_accepts_short_gap=accepted) == expected


@pytest.mark.parametrize(
    ("dose", "session", "expected"),
    [
        (56, 1, []),
        (84, 1, ["first_dose"]),
        (56, 2, []),
        (84, 2, []),
        (28, 2, ["dose_not_on_label"]),
        (112, 5, ["dose_not_on_label"]),
    ],
)
def test_doses_are_the_labels(dose: float, session: int, expected: list[str]) -> None:
    assert [r.code for r in judge_spray_dose(dose, session, P)] == expected


@pytest.mark.parametrize(("dose", "devices"), [(56, 2), (84, 3), (55, 1)])
def test_a_dose_is_made_of_whole_devices(dose: float, devices: int) -> None:
    assert devices_for(dose, P) == devices


def test_a_lost_spray_is_not_made_up_for() -> None:
    assert delivered_mg(1, P) == 28
    assert delivered_mg(0, P) == 0


def test_five_minutes_rest_between_devices() -> None:
    assert next_device_at(FIRST_SPRAY, P) == FIRST_SPRAY + timedelta(minutes=5)


def test_edge_24_the_form_is_reminded_of_and_then_told_on_day_seven_at_six() -> None:
    session = datetime(2027, 3, 10, 11, 0, tzinfo=NEW_YORK)

    reminders, escalation = monitoring_form_times(session, NORTH, P)

    shown = [at.astimezone(NEW_YORK).strftime("%m-%d %H:%M") for at in (*reminders, escalation)]
    assert shown == ["03-12 11:00", "03-14 11:00", "03-16 11:00", "03-17 18:00"]


@pytest.mark.parametrize(
    ("days_left", "code", "fact"),
    [
        (46, None, None),
        (45, "authorization_ends_soon", "45 days"),
        (31, "authorization_ends_soon", "45 days"),
        (30, "authorization_ends_soon", "30 days"),
        (14, "authorization_ends_soon", "14 days"),
        (0, "authorization_ends_soon", "14 days"),
        (-1, "authorization_ended", "2027-02-01"),
    ],
)
def test_edge_39_an_authorisation_is_announced_and_then_ends(
    days_left: int, code: str | None, fact: str | None
) -> None:
    until = FIRST_SPRAY.date()

    reasons = judge_authorization(until, until - timedelta(days=days_left), P)

    assert [(r.code, r.fact) for r in reasons] == ([(code, fact)] if code else [])


def test_edge_39_a_patient_who_pays_goes_on_without_an_authorisation() -> None:
    until = FIRST_SPRAY.date()

    assert judge_authorization(until, until + timedelta(days=1), P, patient_pays=True) == ()


@pytest.mark.parametrize(("said", "fact"), [(None, "not known"), (False, "no")])
def test_an_approval_that_nobody_has_heard_of_is_not_one_that_was_refused(
    said: bool | None, fact: str
) -> None:
    (reason,) = judge_switch(**{**GOOD, "authorization_approved": said})  # type: ignore[arg-type]

    assert (reason.code, reason.fact) == ("not_authorized", fact)
