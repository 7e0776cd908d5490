"""Readiness in time: spacing, lateness, closing, what expires, and today's weight."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.readiness import session_length
from schemas.controlled_substance import DrugLot
from schemas.infusion import (
    SessionPlan,
    SessionResult,
)
from schemas.screening import Modality
from tests.clinical.treatment_day import (
    NORTH,
    NOW,
    ORDER,
    PLAN,
    SCHEDULED,
    SPRAY_ORDER,
    SPRAY_PLAN,
    P,
    codes,
    judged,
)


def test_edge_12_weight_change_voids_the_order() -> None:
    assert judged(baseline_={"weight_kg": 72.4}).ready
    assert codes(judged(baseline_={"weight_kg": 72.5})) == ["order_voided_by_weight"]
    lighter = {"order_": {"weight_kg": 40.0}}
    assert judged(baseline_={"weight_kg": 41.9}, **lighter).ready
    assert codes(judged(baseline_={"weight_kg": 42.0}, **lighter)) == ["order_voided_by_weight"]


@pytest.mark.parametrize(
    ("lot", "code"),
    [
        (DrugLot(lot="A", expires_on=date(2026, 12, 2)), "lot_expired"),
        (DrugLot(lot="A"), "lot_expiry_unknown"),
        (None, "lot_missing"),
    ],
)
def test_edge_32_no_dose_from_a_lot_expired_or_unknown(lot: DrugLot | None, code: str) -> None:
    assert codes(judged(lot=lot, starting=True)) == [code]


def test_a_lot_holds_to_the_end_of_its_last_day_at_the_clinic() -> None:
    evening = datetime(2026, 12, 4, 1, 0, tzinfo=UTC)
    lot = DrugLot(lot="A", expires_on=date(2026, 12, 3))

    assert "lot_expired" not in codes(judged(lot=lot, now=evening))


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("consent_valid_until", "consent_not_in_force"),
        ("clearances_valid_until", "clearance_expired"),
    ],
)
def test_edge_40_what_expires_before_the_slot_is_refused_at_booking_and_at_check_in(
    field: str, code: str
) -> None:
    ends = {field: SCHEDULED - timedelta(seconds=1)}
    week_before = SCHEDULED - timedelta(days=7)

    assert codes(judged(plan_=ends, check_in=None, now=week_before)) == [code]
    assert codes(judged(plan_=ends)) == [code]
    assert judged(plan_={field: SCHEDULED}).ready
    assert codes(judged(plan_={field: None})) == [code]


@pytest.mark.parametrize(("minutes", "fresh"), [(5, True), (29.9, True), (30, False)])
def test_a_consent_signed_less_than_half_an_hour_before_the_dose_holds_from_then_on(
    minutes: float, fresh: bool
) -> None:
    signed_at = SCHEDULED - timedelta(minutes=minutes)

    readiness = judged(plan_={"consent_signed_at": signed_at})

    assert codes(readiness) == (["consent_too_fresh"] if fresh else [])
    assert [m.by for m in readiness.missing] == [signed_at + timedelta(minutes=30)] * fresh


def test_nobody_overrides_a_consent_that_is_too_fresh() -> None:
    signed_at = SCHEDULED - timedelta(minutes=5)
    overridden = frozenset({"consent_too_fresh"})

    assert not judged(plan_={"consent_signed_at": signed_at}, overrides=overridden).ready
    later = signed_at + timedelta(minutes=30)
    assert "consent_too_fresh" not in codes(
        judged(plan_={"consent_signed_at": signed_at}, now=later)
    )


CLOSES = datetime(2026, 12, 3, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(("minutes_late", "fits"), [(0, True), (20, True), (30, True), (31, False)])
def test_edge_3_a_late_patient_is_treated_while_the_full_observation_fits_before_closing(
    minutes_late: int, fits: bool
) -> None:
    """A day planned at the last start there is cannot begin on the second: the buffer is there to
    be used up, the observation is not."""
    last_start = CLOSES - session_length(Modality.IV_KETAMINE, P)
    assert session_length(Modality.IV_KETAMINE, P) == timedelta(minutes=130)
    plan = PLAN.model_copy(update={"scheduled_at": last_start})
    begins = last_start + timedelta(minutes=minutes_late)

    found = codes(judged(plan=plan, now=begins, check_in_={"arrived_at": last_start}))

    assert ("observation_does_not_fit" not in found) is fits


@pytest.mark.parametrize(("after_last_start", "fits"), [(0, True), (1, False)])
def test_edge_3_the_buffer_of_its_own_hour_is_all_that_a_late_start_may_use(
    after_last_start: int, fits: bool
) -> None:
    """A day planned for the morning is not begun behind the last start of the evening."""
    last_start = CLOSES - session_length(Modality.IV_KETAMINE, P)
    begins = last_start + timedelta(seconds=after_last_start)

    found = codes(judged(now=begins, check_in_={"last_liquids_at": SCHEDULED - timedelta(hours=3)}))

    assert ("observation_does_not_fit" not in found) is fits


def test_no_day_is_planned_so_late_that_its_buffer_would_not_fit() -> None:
    too_late = CLOSES - session_length(Modality.IV_KETAMINE, P) + timedelta(seconds=1)
    plan = PLAN.model_copy(update={"scheduled_at": too_late})

    week_before = judged(plan=plan, check_in=None, now=too_late - timedelta(days=7))

    assert codes(week_before) == ["observation_does_not_fit"]


def test_edge_3_more_than_twenty_minutes_late_is_too_late() -> None:
    on_time = SCHEDULED + timedelta(minutes=20)

    assert judged(check_in_={"arrived_at": on_time}).ready
    late = judged(check_in_={"arrived_at": on_time + timedelta(seconds=1)})
    assert codes(late) == ["too_late"]


@pytest.mark.parametrize(
    ("plan", "last_modality", "hours", "expected"),
    [
        (PLAN, None, 48, []),
        (PLAN, None, 47.99, ["too_soon"]),
        (PLAN, Modality.ESKETAMINE, 47.99, ["too_soon"]),
        (SPRAY_PLAN, Modality.ESKETAMINE, 20, []),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 23.99, ["too_soon"]),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 24, ["gap_after_infusion"]),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 71.99, ["gap_after_infusion"]),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 72, []),
        (SPRAY_PLAN.model_copy(update={"number": 1}), None, 30, ["gap_after_infusion"]),
    ],
)
def test_hours_since_the_last_dose(
    plan: SessionPlan, last_modality: Modality | None, hours: float, expected: list[str]
) -> None:
    order = SPRAY_ORDER if plan.modality is Modality.ESKETAMINE else ORDER
    last = {"last_dose_at": SCHEDULED - timedelta(hours=hours)}

    readiness = judged(plan=plan.model_copy(update=last), order=order, last_modality=last_modality)

    assert codes(readiness) == expected


def test_no_fourth_infusion_in_seven_days() -> None:
    days = [SCHEDULED - timedelta(days=n) for n in (3, 5, 6.9)]

    assert codes(judged(recent_doses_at=days)) == ["weekly_limit"]
    assert judged(recent_doses_at=[*days[:2], SCHEDULED - timedelta(days=7)]).ready
    assert not judged(recent_doses_at=[*days[:2], SCHEDULED]).ready


def test_a_closed_clinic_is_known_days_before() -> None:
    closed = NORTH.model_copy(update={"closures": (date(2026, 12, 3),)})

    readiness = judged(plan_={"clinic": closed}, check_in=None, now=NOW - timedelta(days=3))

    assert codes(readiness) == ["observation_does_not_fit"]


@pytest.mark.parametrize("weight_kg", [154, 83.9, 85])
def test_edge_13_a_weight_far_from_the_last_one_waits_for_a_second_person(
    weight_kg: float,
) -> None:
    """70 kg is 154 lb: in range as kilograms, and more than a fifth from the last weight."""
    weighed = {"weight_kg": weight_kg}
    day = judged(
        plan_={"dosing_weight_kg": 70.0}, baseline_=weighed, order_={"weight_kg": weight_kg}
    )

    assert ("weight_second_person" in codes(day)) is (weight_kg > 84)


def test_edge_13_the_last_weight_is_that_of_the_last_session_where_there_was_one() -> None:
    def weighs(weight_kg: float | None) -> SessionResult:
        return SessionResult(
            session_id="s", modality=Modality.IV_KETAMINE, number=1, phase="DISCHARGED",
            scheduled_at=SCHEDULED, ended_at=SCHEDULED, weight_kg=weight_kg,
        )  # fmt: skip

    plan = {"dosing_weight_kg": 50.0, "history": (weighs(66.0), weighs(None))}
    assert judged(plan_=plan).ready
    assert codes(judged(plan_={**plan, "history": (weighs(None),)})) == ["weight_second_person"]
    exactly = {"weight_kg": 84.0}
    assert judged(plan_={"dosing_weight_kg": 70.0}, baseline_=exactly, order_=exactly).ready


def test_edge_13_a_second_person_who_reads_the_scale_lets_the_weight_stand() -> None:
    seen = {"weight_kg": 90.0, "weight_confirmed_by": "rn-abara"}
    day = judged(
        plan_={"dosing_weight_kg": 70.0}, baseline_=seen, order_={"weight_kg": 90.0},
    )  # fmt: skip

    assert day.ready


@pytest.mark.parametrize(("minutes_late", "fits"), [(0, True), (30, True), (31, False)])
def test_edge_3_a_late_start_uses_up_its_buffer_and_never_the_observation(
    minutes_late: int, fits: bool
) -> None:
    plan = PLAN.model_copy(update={"stay_ends_at": SCHEDULED + timedelta(minutes=130)})
    start = SCHEDULED + timedelta(minutes=minutes_late)

    found = codes(judged(plan=plan, now=start))

    assert ("stay_does_not_fit" not in found) is fits


LATEST = [(40, 30), (60, 10), (70, 0), (30, 30), (None, 30)]
"""By the ordered minutes, how late a dose may begin that was planned for the usual forty: its
recovery buffer may be used up by the longer dose, never by less observation."""


@pytest.mark.parametrize(("ordered_min", "latest"), LATEST)
def test_edge_3_a_longer_infusion_than_planned_leaves_its_observation_whole_before_closing(
    ordered_min: int | None, latest: int
) -> None:
    last_start = CLOSES - session_length(Modality.IV_KETAMINE, P)
    plan = PLAN.model_copy(update={"scheduled_at": last_start})

    def fits(minutes: float) -> bool:
        now = last_start + timedelta(minutes=minutes)
        gate = judged(plan=plan, now=now, order_={"duration_min": ordered_min})
        return "observation_does_not_fit" not in codes(gate)

    assert fits(latest)
    assert not fits(latest + 1)


@pytest.mark.parametrize(("ordered_min", "latest"), LATEST)
def test_edge_34_a_longer_infusion_than_planned_leaves_its_observation_whole_within_the_stay(
    ordered_min: int | None, latest: int
) -> None:
    plan = PLAN.model_copy(update={"stay_ends_at": SCHEDULED + timedelta(minutes=130)})

    def fits(minutes: float) -> bool:
        now = SCHEDULED + timedelta(minutes=minutes)
        gate = judged(plan=plan, now=now, order_={"duration_min": ordered_min})
        return "stay_does_not_fit" not in codes(gate)

    assert fits(latest)
    assert not fits(latest + 1)


def test_edge_3_an_infusion_of_a_hundred_minutes_does_not_fit_a_day_planned_for_forty() -> None:
    plan = PLAN.model_copy(update={"stay_ends_at": SCHEDULED + timedelta(minutes=130)})

    gate = judged(plan=plan, now=SCHEDULED, order_={"duration_min": 100})

    (missing,) = gate.missing
    assert missing.code == "stay_does_not_fit"
    assert "100 min" in missing.text


def test_an_order_of_the_spray_has_no_minutes_to_count() -> None:
    plan = SPRAY_PLAN.model_copy(update={"stay_ends_at": SCHEDULED + timedelta(minutes=160)})
    late = SCHEDULED + timedelta(minutes=30)

    gate = judged(plan=plan, now=late, order=SPRAY_ORDER, order_={"duration_min": 100})

    assert "stay_does_not_fit" not in codes(gate)


def test_a_stay_that_was_never_reserved_limits_nothing() -> None:
    late = SCHEDULED + timedelta(hours=2)

    assert judged(plan=PLAN, now=late, baseline_={"taken_at": late}).ready
