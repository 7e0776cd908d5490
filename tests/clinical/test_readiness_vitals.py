"""The readings before the dose: each sign by its own newest value, and what stays held."""

from datetime import datetime, timedelta

import pytest

from schemas.base import Role
from schemas.infusion import Readiness, VitalSigns
from tests.clinical.treatment_day import NOW, READING, SCHEDULED, codes, judged

MONITOR = "monitor-4"
FULL = {
    "systolic_mmhg": 128,
    "diastolic_mmhg": 82,
    "heart_rate_bpm": 72,
    "spo2_percent": 98,
    "respiratory_rate_per_min": 14,
    "temperature_c": 36.7,
    "moaas": 5,
}


def full(minutes: float = 0, **values: object) -> VitalSigns:
    """A nurse's whole reading, so many minutes from now."""
    return VitalSigns.model_validate(
        {**FULL, "taken_at": NOW + timedelta(minutes=minutes), **values}
    )


def monitor(minutes: float = 0, **values: object) -> VitalSigns:
    """Pressure, heart rate and oxygen, from a device."""
    measured = {"systolic_mmhg": 126, "diastolic_mmhg": 80, "heart_rate_bpm": 74}
    return VitalSigns.model_validate(
        {
            **measured,
            "spo2_percent": 98,
            "device": MONITOR,
            "taken_at": NOW + timedelta(minutes=minutes),
            **values,
        }
    )


def gate(*readings: VitalSigns, **more: object) -> Readiness:
    """Everything else is well; the readings in the order they were taken."""
    return judged(baseline=readings[-1], earlier_readings=readings[:-1], **more)


@pytest.mark.parametrize(
    "held", [{"temperature_c": 39.4}, {"respiratory_rate_per_min": 28}, {"moaas": 4}]
)
def test_a_held_sign_stays_held_until_it_is_measured_again_in_range(
    held: dict[str, object],
) -> None:
    (name,) = held

    assert codes(gate(full(-20, **held), monitor(-10))) == ["vitals_hold"]
    again = VitalSigns.model_validate(
        {name: FULL[name], "device": MONITOR, "taken_at": NOW - timedelta(minutes=5)}
    )
    assert gate(full(-20, **held), monitor(-10), again).ready


def test_a_held_sign_that_is_overridden_stays_so_through_a_reading_that_does_not_measure_it() -> (
    None
):
    overridden = frozenset({"vitals_hold"})

    assert gate(full(-20, temperature_c=38.4), monitor(-10), overrides=overridden).ready


@pytest.mark.parametrize("symptom", ["chest_pain", "syncope", "panic", "vomiting", "unheard_of"])
def test_a_told_symptom_stays_until_a_person_has_looked_at_all_and_no_longer_tells_it(
    symptom: str,
) -> None:
    told = full(-40, symptoms=(symptom,))
    by_hand = monitor(-20, device=None)

    assert not gate(told, monitor(-30)).ready
    assert not gate(told, full(-30, device=MONITOR)).ready, "a monitor cannot ask"
    assert not gate(told, by_hand).ready, "who only repeats the pressure may not have asked"
    assert gate(told, by_hand, full(-10)).ready
    assert gate(told, full(-20), monitor(-10)).ready


def test_no_override_lifts_a_grave_symptom_that_a_monitors_reading_does_not_tell() -> None:
    readiness = gate(
        full(-20, symptoms=("chest_pain",)), monitor(-10), overrides=frozenset({"symptom_stop"})
    )

    assert codes(readiness) == ["symptom_stop"]


def test_distress_that_nobody_says_has_settled_has_not() -> None:
    assert codes(gate(full(-20, symptoms=("panic",)), monitor(-10))) == ["distress_unsettled"]


def test_edge_6_two_pressures_over_the_block_end_the_days_dosing_whatever_is_read_afterwards() -> (
    None
):
    high = (full(-30, systolic_mmhg=178, diastolic_mmhg=104), monitor(-29, systolic_mmhg=176))

    calm = (monitor(-28, systolic_mmhg=138), full(-5))

    assert codes(gate(*high)) == ["pressure_block"]
    assert codes(gate(*high, *calm)) == ["pressure_block"]


def test_edge_6_a_single_pressure_over_the_block_is_repeated_and_may_settle() -> None:
    high = full(-30, systolic_mmhg=178, diastolic_mmhg=104)

    assert codes(gate(high)) == ["pressure_repeat"]
    assert gate(high, monitor(-10, systolic_mmhg=138)).ready


def test_edge_6_a_day_that_was_blocked_stays_so_when_a_reading_is_entered_in_between() -> None:
    between = (
        full(-30, systolic_mmhg=178),
        monitor(-25, systolic_mmhg=130),
        monitor(-20, systolic_mmhg=176),
        monitor(-10),
    )

    assert gate(*between).ready
    assert codes(gate(*between, pressure_blocked=True)) == ["pressure_block"]


@pytest.mark.parametrize("worse", [{"systolic_mmhg": 150}, {"moaas": 2}])
def test_of_two_readings_of_one_moment_the_one_that_came_later_is_the_newer(
    worse: dict[str, object],
) -> None:
    assert not gate(full(), full(**worse)).ready
    assert gate(full(**worse), full()).ready


def test_a_high_pressure_is_not_counted_again_by_a_reading_without_one() -> None:
    high = full(-20, systolic_mmhg=165)
    pulse = VitalSigns(heart_rate_bpm=74, taken_at=NOW - timedelta(minutes=5), device=MONITOR)

    assert codes(gate(high, pulse)) == ["pressure_repeat"]


@pytest.mark.parametrize("name", FULL)
def test_no_dose_without_every_sign_of_the_baseline(name: str) -> None:
    assert codes(gate(full(**{name: None}))) == ["vitals_incomplete"]


def test_a_repeat_need_not_carry_what_was_measured_before() -> None:
    assert gate(full(-20), monitor(-5)).ready


def test_what_is_out_of_range_is_told_beside_what_is_still_to_be_measured() -> None:
    readiness = gate(full(temperature_c=38.6, moaas=None))

    assert codes(readiness) == ["vitals_incomplete", "vitals_hold"]
    assert readiness.missing[0].text == "Still to be measured: MOAA/S."


@pytest.mark.parametrize(
    ("minutes_before", "missing"), [(60, []), (61, ["vitals_old"]), (3 * 24 * 60, ["vitals_old"])]
)
def test_a_baseline_holds_an_hour_before_the_dose(
    minutes_before: float, missing: list[str]
) -> None:
    at = SCHEDULED - timedelta(minutes=minutes_before)

    assert codes(gate(READING.model_copy(update={"taken_at": at}))) == missing


def test_of_a_baseline_that_grew_old_only_what_was_not_measured_since_is_asked_for() -> None:
    old = SCHEDULED - NOW + timedelta(minutes=-90)

    (missing,) = gate(full(old / timedelta(minutes=1)), monitor()).missing

    assert missing.code == "vitals_old"
    assert missing.text == "To be measured again: breathing, temperature, MOAA/S."
    assert (missing.supplied_by, missing.overridable) == (Role.NURSE, False)


def test_a_reading_of_no_known_time_is_no_reading_before_this_dose() -> None:
    assert codes(gate(READING.model_copy(update={"taken_at": None}))) == ["vitals_old"]


def test_a_dose_that_starts_late_is_judged_by_how_old_the_baseline_is_then() -> None:
    late: datetime = SCHEDULED + timedelta(minutes=51)

    assert codes(judged(now=late)) == ["vitals_old"]
    assert judged(now=late - timedelta(minutes=1)).ready
