"""A clinic's file: the shipped ones load; a bad one is refused with line and reason."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from clinical.clinic import NEEDED_ITEMS, NEEDED_STAFF, ClinicRefused, clinic_alerts, parse_clinic
from clinical.parameters import Parameters
from schemas.base import Role

TODAY = date(2026, 12, 1)
NORTH = Path("clinics/north.yaml").read_text(encoding="utf-8")
SOUTH = Path("clinics/south.yaml").read_text(encoding="utf-8")
LINES = {line.strip(): number for number, line in enumerate(NORTH.splitlines(), start=1)}


def refused(text: str, today: date = TODAY) -> list[tuple[int, str]]:
    with pytest.raises(ClinicRefused) as caught:
        parse_clinic(text, "clinics/north.yaml", today)
    assert str(caught.value).startswith("clinics/north.yaml:")
    return [(problem.line, problem.name) for problem in caught.value.problems]


def test_the_two_shipped_clinics() -> None:
    north = parse_clinic(NORTH, "clinics/north.yaml", TODAY)
    south = parse_clinic(SOUTH, "clinics/south.yaml", TODAY)

    assert (north.code, north.time_zone, north.spray_certified) == (
        "north", "America/New_York", True,
    )  # fmt: skip
    assert (south.code, south.time_zone, south.spray_certified) == (
        "south", "America/Los_Angeles", False,
    )  # fmt: skip
    assert north.inboxes[Role.NURSE] == "nurse@north.example"
    assert set(south.inboxes) >= set(NEEDED_STAFF)


def test_two_prescribers_and_two_nurses_so_that_two_people_can_sign() -> None:
    for text in (NORTH, SOUTH):
        staff = parse_clinic(text, "clinics/x.yaml", TODAY).staff
        for role in (Role.PRESCRIBER, Role.NURSE):
            assert sum(member.role is role for member in staff) >= 2


@pytest.mark.parametrize("item", NEEDED_ITEMS)
def test_an_emergency_item_that_is_missing_or_expired_refuses_the_clinic(item: str) -> None:
    good = f"  {item}: {{checked_on: 2026-11-02, valid_until: 2036-12-31}}\n"
    line = LINES[good.strip()]

    assert [name for _, name in refused(NORTH.replace(good, ""))] == [f"emergency_protocol.{item}"]
    expired = good.replace("2036-12-31", "2026-11-30")
    assert refused(NORTH.replace(good, expired)) == [(line, f"emergency_protocol.{item}")]
    last_day = good.replace("2036-12-31", "2026-12-01")
    assert parse_clinic(NORTH.replace(good, last_day), "clinics/north.yaml", TODAY)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("time_zone: America/New_York", "time_zone: Moon/Tranquility", "time_zone"),
        ("chairs: 4", "chairs: four", "chairs"),
        ("chairs: 4", "chairs: 0", "chairs"),
        ("chairs: 4", "chairs: 4\nsofas: 2", "sofas"),
        ("chairs: 4", "chairs: 4\nchairs: 5", "chairs"),
        ("friday: 08:00-17:00", "friday: 17:00-08:00", "opening_hours.friday"),
        ("friday: 08:00-17:00", "friday: 8-17", "opening_hours.friday"),
        ("  nurse: nurse@north.example\n", "", "inboxes.nurse"),
        ("on_call: [dr-lee,", "on_call: [dr-nobody,", "on_call"),
        ("  valid_until: 2036-12-31", "  valid_until: 2026-11-30", "spray_programme.valid_until"),
        ("  certified: true\n  valid_until: 2036-12-31", "  certified: true",
         "spray_programme.valid_until"),
        ("id: dr-marsh", "id: dr-lee", "staff.dr-lee"),
        ("role: medical_screener\n", "role: pharmacist\n", "staff.medical_screener"),
        ("code: north", "code: [north", "file"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(old: str, new: str, name: str) -> None:
    assert old in NORTH

    assert name in [found for _, found in refused(NORTH.replace(old, new, 1))]


def test_the_line_is_where_the_mistake_stands() -> None:
    line = LINES["chairs: 4"]

    assert refused(NORTH.replace("chairs: 4", "chairs: four")) == [(line, "chairs")]


def test_edge_33_a_role_whose_last_licence_lapses_refuses_the_clinic() -> None:
    lapsed = NORTH.replace("dea: 2036-12-31", "dea: 2026-11-30")

    names = [name for _, name in refused(lapsed)]

    assert names == ["staff.medical_director", "staff.prescriber"]


def test_edge_33_one_prescriber_in_date_is_enough_to_load_and_the_other_is_announced() -> None:
    text = NORTH.replace(
        "role: prescriber\n    credentials: {licence: 2036-12-31",
        "role: prescriber\n    credentials: {licence: 2027-02-15",
        1,
    )

    clinic = parse_clinic(text, "clinics/north.yaml", TODAY)

    alerts = clinic_alerts(clinic, TODAY, Parameters.default())
    assert [alert.code for alert in alerts] == ["expires_soon"]
    assert "licence ends within" in alerts[0].text


def test_the_last_day_of_everything_is_still_a_day() -> None:
    ends_today = NORTH.replace("2036-12-31", TODAY.isoformat())
    checked_today = ends_today.replace("checked_on: 2026-11-02", f"checked_on: {TODAY}")

    assert parse_clinic(checked_today, "clinics/north.yaml", TODAY).spray_certified
    assert refused(NORTH.replace("checked_on: 2026-11-02", "checked_on: 2026-12-02", 1))


@pytest.mark.parametrize(("days", "announced"), [(91, False), (90, True), (0, True)])
def test_what_ends_within_ninety_days_is_announced(days: int, announced: bool) -> None:
    clinic = parse_clinic(NORTH, "clinics/north.yaml", TODAY)
    on = date(2036, 12, 31) - timedelta(days=days)

    alerts = clinic_alerts(clinic, on, Parameters.default())

    assert ("expires_soon" in [alert.code for alert in alerts]) is announced


def test_two_people_trained_in_life_support_are_enough_and_one_is_not() -> None:
    lapsed = {"acls: 2036-12-31": "acls: 2026-11-30", "bls: 2036-12-31": "bls: 2026-11-30"}
    nurse = "licence: 2036-12-31, bls: 2036-12-31, acls: 2036-12-31"
    director = "licence: 2036-12-31, dea: 2036-12-31, acls: 2036-12-31"
    nobody = NORTH
    for now, then in lapsed.items():
        nobody = nobody.replace(now, then)
    gone = nurse.replace("bls: 2036-12-31", lapsed["bls: 2036-12-31"])
    gone = gone.replace("acls: 2036-12-31", lapsed["acls: 2036-12-31"])
    one = nobody.replace(gone, nurse, 1)
    no_director = director.replace("acls: 2036-12-31", lapsed["acls: 2036-12-31"])
    two = one.replace(no_director, director, 1)

    assert "staff" in [name for _, name in refused(one)]
    assert parse_clinic(two, "clinics/north.yaml", TODAY)


def test_a_drill_is_announced_after_180_days() -> None:
    clinic = parse_clinic(NORTH, "clinics/north.yaml", TODAY)
    parameters = Parameters.default()

    assert clinic_alerts(clinic, date(2027, 5, 1), parameters) == ()
    late = clinic_alerts(clinic, date(2027, 5, 2), parameters)
    assert [alert.code for alert in late] == ["drill_due"]


@pytest.mark.parametrize("text", ["", "- a\n- b", "just words", "a: &x [1]\nb: *x", "\x00", "a: !!python/object:os.system x"])  # fmt: skip  # noqa: E501
def test_what_is_no_clinic_file_is_refused_calmly(text: str) -> None:
    assert refused(text)


def test_every_problem_is_named_at_once_in_order_of_lines() -> None:
    text = NORTH.replace("chairs: 4", "chairs: four").replace("code: north", "code: 'no rth'")

    found = refused(text)

    assert [name for _, name in found] == ["code", "chairs"]
