"""The readings before a dose: no partial reading takes back what a fuller one found."""

from datetime import timedelta
from typing import Any

from schemas.approval import Choice
from schemas.base import Role
from schemas.infusion import SessionReceipt, VitalsAction, VitalSigns
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair

MONITOR = "monitor-4"
QUIET = {"systolic_mmhg": 126, "diastolic_mmhg": 80, "heart_rate_bpm": 74, "spo2_percent": 98}


def ready_but_for(**held: Any) -> BareChair:
    """Checked in, read whole with these values, ordered."""
    chair = BareChair()
    chair.arrive()
    chair.read(weight_kg=papers.WEIGHT_KG, **held)
    chair.order()
    return chair


def monitored(chair: BareChair, minutes: float = 10, **values: Any) -> SessionReceipt:
    """So long afterwards a monitor sends pressure, heart rate and oxygen, or what a test says."""
    chair.day.pass_(60 * minutes)
    vitals = VitalSigns(**(values or QUIET), taken_at=chair.day.clinical_now)
    return chair.give("record_vitals", vitals=vitals, device=MONITOR)


def overrides_asked(chair: BareChair) -> dict[str, str]:
    """What is missing -> the approval that would override it."""
    pending = [t for t in chair.day.state.tasks.values() if t.pending]
    asked = [t for t in pending if t.kind == "readiness_override"]
    return {task.evidence["missing"]: task.task_id for task in asked}


def overridden(chair: BareChair, code: str) -> None:
    approval_id = overrides_asked(chair)[code]
    for role in (Role.MEDICAL_DIRECTOR, Role.PRESCRIBER):
        chair.give(
            "decide_approval", actor=STAFF[role], approval_id=approval_id,
            decision=Choice.APPROVE, reason="weighed, in writing",
        )  # fmt: skip


def test_a_monitors_quiet_reading_takes_back_neither_a_fever_nor_chest_pain() -> None:
    chair = ready_but_for(
        temperature_c=39.4, respiratory_rate_per_min=28, moaas=4, symptoms=("chest_pain",)
    )

    receipt = monitored(chair)

    assert {reason.code for reason in receipt.missing} == {"symptom_stop", "vitals_hold"}
    assert set(chair.refused("start_dosing", **chair.draws())) == {"symptom_stop", "vitals_hold"}
    assert "symptom_stop" not in overrides_asked(chair)


def test_a_persons_whole_reading_in_range_ends_the_hold() -> None:
    chair = ready_but_for(temperature_c=39.4, symptoms=("chest_pain",))
    monitored(chair)
    chair.day.pass_(600)

    assert chair.read().missing == ()


def test_edge_6_a_day_blocked_by_its_pressure_stays_blocked_and_counts_as_one() -> None:
    chair = ready_but_for(systolic=178, diastolic=104)
    high = {**QUIET, "systolic_mmhg": 176, "diastolic_mmhg": 104}
    assert monitored(chair, 10, **high).decision.action is VitalsAction.STOP  # type: ignore[union-attr]

    receipt = monitored(chair, 1, **{**QUIET, "systolic_mmhg": 138, "diastolic_mmhg": 88})

    assert [reason.code for reason in receipt.missing] == ["pressure_block"]
    assert chair.refused("start_dosing", **chair.draws()) == ("pressure_block",)
    assert overrides_asked(chair) == {}
    assert chair.day.state.result().pressure_high


def test_edge_6_a_reading_entered_afterwards_in_between_unblocks_no_day() -> None:
    chair = ready_but_for(systolic=178, diastolic=104)
    monitored(chair, 10, **{**QUIET, "systolic_mmhg": 176, "diastolic_mmhg": 104})
    between = papers.calm(chair.day.clinical_now - timedelta(minutes=5))

    chair.give("record_vitals", vitals=between, late_reason="was on paper")
    chair.day.pass_(60)
    receipt = chair.read()

    assert [reason.code for reason in receipt.missing] == ["pressure_block"]
    assert chair.day.state.result().pressure_high


def test_edge_52_an_override_stands_until_the_sign_it_was_given_for_is_measured_again() -> None:
    chair = ready_but_for(temperature_c=38.4)
    overridden(chair, "vitals_hold")

    assert monitored(chair, 5).missing == ()

    again = monitored(chair, 5, temperature_c=38.3)
    assert [reason.code for reason in again.missing] == ["vitals_hold"]
    assert set(overrides_asked(chair)) == {"vitals_hold"}


def test_edge_52_an_override_of_one_held_sign_does_not_cover_another() -> None:
    chair = ready_but_for(temperature_c=38.4)
    overridden(chair, "vitals_hold")

    receipt = monitored(chair, 5, **{**QUIET, "heart_rate_bpm": 116})

    assert [reason.code for reason in receipt.missing] == ["vitals_hold"]


def test_a_start_an_hour_after_the_baseline_waits_for_another() -> None:
    chair = ready_but_for()
    chair.day.pass_(61 * 60)

    assert chair.refused("start_dosing", **chair.draws()) == ("vitals_old",)

    chair.read()
    chair.start()


def test_a_drop_while_dosing_is_measured_against_the_last_pressure_before_it() -> None:
    chair = ready_but_for()
    monitored(chair, 5, heart_rate_bpm=74)
    chair.start()
    chair.day.pass_(600)

    low = chair.read(systolic=88, diastolic=60).decision

    assert low is not None
    assert low.action is VitalsAction.PAUSE
