"""Attendance, orders and the look ahead on both sides of each number (1.3, 4.2, 4.4)."""

from datetime import timedelta

import pytest

from clinical.attendance import acknowledge_by, judge_presence, next_page_at
from clinical.parameters import Parameters
from clinical.preparation import look_ahead, next_look_at, tell_at
from clinical.standard_protocol import standard_protocol
from schemas.infusion import SessionPlan
from schemas.people import Contact
from schemas.preparation import Preparation
from schemas.screening import Modality
from tests.clinical.boundaries.rows import NORTH, T0, Fires, Row, both, length

ESCORT = Contact(name="Ottilie Marchbanks", phone="+1-212-555-0188")
PLAN = SessionPlan(
    session_id="journey-x-infusion-1",
    journey_id="journey-x",
    clinic=NORTH,
    protocol=standard_protocol(),
    modality=Modality.IV_KETAMINE,
    number=1,
    scheduled_at=T0,
    consent_valid_until=T0 + timedelta(days=90),
    clearances_valid_until=T0 + timedelta(days=60),
    pdmp_queried_at=T0 - timedelta(hours=1),
)


def unconfirmed(value: float, p: Parameters) -> bool:
    """Whether an escort who was named and has not confirmed is asked for so long before."""
    now = T0 - length("ready.escort_confirmed", value)
    found = look_ahead(PLAN, Preparation(escort=ESCORT), now, p)
    return "escort_not_confirmed" in {item.code for item in found}


def looked(place: int) -> Fires:
    """Whether a look so many hours before is the one of that place, or one before it."""

    def at(value: float, p: Parameters) -> bool:
        just_before = T0 - timedelta(hours=p.numbers("ready.looks")[place], minutes=1)
        due = next_look_at(T0, just_before, p)
        return due is not None and T0 - timedelta(hours=value) <= due

    return at


TABLE = (
    Row("attend.presence", ">=", 0.5, lambda v, p: bool(
        judge_presence(T0, T0 + length("attend.presence", v), p))),
    Row("attend.ladder_step", "<=", 0.5, lambda v, p: (
        T0 + length("attend.ladder_step", v) <= next_page_at(T0, T0, p))),
    Row("order.acknowledge", "<=", 0.5, lambda v, p: (
        T0 + length("order.acknowledge", v) <= acknowledge_by(T0, p))),
    Row("ready.escort_confirmed", "<=", 1, unconfirmed),
    Row("ready.tell_after", "<=", 0.5, lambda v, p: (
        T0 + length("ready.tell_after", v) <= tell_at(T0, p))),
    *(Row("ready.looks", ">=", 1, looked(place), place) for place in range(3)),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_attendance_keeps_to_each_number_on_both_sides(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)


@pytest.mark.parametrize("hours", [72, 24, 2])
def test_the_gate_is_looked_at_at_each_hour_ahead_and_once(hours: float) -> None:
    p = Parameters.default()
    at = T0 - timedelta(hours=hours)

    assert next_look_at(T0, at - timedelta(seconds=1), p) == at
    assert next_look_at(T0, at, p) != at


def test_no_look_follows_the_last_one() -> None:
    assert next_look_at(T0, T0 - timedelta(hours=2), Parameters.default()) is None
