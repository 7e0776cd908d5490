"""Readiness for the nasal spray: its setting, its doses, its gaps."""

from datetime import datetime, timedelta

import pytest

from schemas.infusion import SessionPhase, SessionResult
from schemas.screening import Modality
from tests.clinical.treatment_day import NORTH, SCHEDULED, SPRAY_ORDER, SPRAY_PLAN, codes, judged


def test_a_spray_day_on_which_all_is_well_is_ready() -> None:
    assert judged(plan=SPRAY_PLAN, order=SPRAY_ORDER).ready


@pytest.mark.parametrize(
    ("spray", "field", "minutes", "code"),
    [
        (False, "last_solids_at", 360, "food_gap"),
        (False, "last_liquids_at", 120, "liquid_gap"),
        (True, "last_solids_at", 120, "food_gap"),
        (True, "last_liquids_at", 30, "liquid_gap"),
        (True, "last_nasal_drug_at", 60, "nasal_drug_gap"),
    ],
)
def test_edge_20_food_drink_and_nasal_medicines_keep_their_gap(
    spray: bool, field: str, minutes: int, code: str
) -> None:
    base = {"plan": SPRAY_PLAN, "order": SPRAY_ORDER} if spray else {}
    enough = SCHEDULED - timedelta(minutes=minutes)

    assert judged(check_in_={field: enough}, **base).ready
    late = judged(check_in_={field: enough + timedelta(seconds=1)}, **base)
    assert codes(late) == [code]
    assert late.missing[0].by == SCHEDULED + timedelta(seconds=1)


def test_a_gap_of_the_label_cannot_be_overridden_and_a_clinics_own_can() -> None:
    change = {"last_solids_at": SCHEDULED - timedelta(minutes=60)}
    override = frozenset({"food_gap"})

    infusion = judged(check_in_=change, overrides=override)
    spray = judged(check_in_=change, overrides=override, plan=SPRAY_PLAN, order=SPRAY_ORDER)

    assert (infusion.ready, infusion.overridden) == (True, ("food_gap",))
    assert codes(spray) == ["food_gap"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"site_certified": False}, "site_not_certified"),
        ({"clinic": NORTH.model_copy(update={"spray_certified": False})}, "site_not_certified"),
    ],
)
def test_edge_21_no_spray_at_a_site_that_is_not_certified(
    change: dict[str, object], code: str
) -> None:
    plan = SPRAY_PLAN.model_copy(update=change)
    override = frozenset({code})

    assert codes(judged(plan=plan, order=SPRAY_ORDER, overrides=override)) == [code]


def test_edge_22_no_spray_before_the_patient_is_enrolled() -> None:
    plan = SPRAY_PLAN.model_copy(update={"patient_enrolled": False})

    assert codes(judged(plan=plan, order=SPRAY_ORDER)) == ["patient_not_enrolled"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prescriber_on_site": False}, "prescriber_on_site"),
        ({"pulse_oximeter": False}, "pulse_oximeter"),
    ],
)
def test_edge_23_the_spray_needs_its_prescriber_and_oximeter(
    change: dict[str, object], code: str
) -> None:
    assert codes(judged(plan=SPRAY_PLAN, order=SPRAY_ORDER, check_in_=change)) == [code]


@pytest.mark.parametrize("dose_mg", [28, 55.9, 57, 112])
def test_the_spray_is_given_as_the_label_has_it(dose_mg: float) -> None:
    order = SPRAY_ORDER.model_copy(update={"dose_mg": dose_mg})

    assert codes(judged(plan=SPRAY_PLAN, order=order)) == ["dose_not_on_label"]


def test_an_infusion_needs_no_oximeter_of_the_safety_programme() -> None:
    assert judged(check_in_={"pulse_oximeter": False, "prescriber_on_site": False}).ready


@pytest.mark.parametrize(("spray", "overridable"), [(False, True), (True, False)])
@pytest.mark.parametrize(
    ("field", "code"), [("last_solids_at", "food_gap"), ("last_liquids_at", "liquid_gap")]
)
def test_edge_20_the_labels_gaps_are_not_overridden_and_a_clinics_fasting_may_be(
    field: str, code: str, spray: bool, overridable: bool
) -> None:
    just_now = {field: SCHEDULED - timedelta(minutes=5)}
    day = (
        judged(plan=SPRAY_PLAN, order=SPRAY_ORDER, check_in_=just_now)
        if spray
        else judged(check_in_=just_now)
    )

    assert [(m.code, m.overridable) for m in day.missing] == [(code, overridable)]


def spray_given(at: datetime, modality: Modality = Modality.ESKETAMINE) -> SessionResult:
    return SessionResult(
        session_id="journey-x-spray-1",
        modality=modality,
        number=1,
        phase=SessionPhase.DISCHARGED,
        scheduled_at=at,
        dosed_at=at,
        ended_at=at + timedelta(hours=2),
    )


@pytest.mark.parametrize(
    ("days_ago", "missing"),
    [
        ((3,), []),
        ((7, 3), []),
        ((6, 3), ["spray_weekly_limit"]),
        ((6.9, 3), []),  # the morning of that day a week ago: calendar days, not hours
        ((0.2,), ["spray_given_today"]),
        ((3, 0.2), ["spray_given_today", "spray_weekly_limit"]),
        ((0.9,), []),
    ],
)
def test_the_spray_is_given_once_a_day_and_twice_a_week_at_most(
    days_ago: tuple[float, ...], missing: list[str]
) -> None:
    """The label's frequency; a lost spray is never made up for (5.2, 5.3)."""
    late = SCHEDULED + timedelta(hours=5)
    given = tuple(late - timedelta(days=ago) for ago in days_ago)
    plan = SPRAY_PLAN.model_copy(
        update={
            "history": tuple(spray_given(at) for at in given),
            "last_dose_at": given[-1],
            "scheduled_at": late,
        }
    )
    found = codes(judged(plan=plan, order=SPRAY_ORDER, now=late, last_modality=plan.modality))
    assert [code for code in found if code.startswith("spray_")] == missing


def test_infusions_before_the_switch_are_no_sprays() -> None:
    earlier = (SCHEDULED - timedelta(days=5), SCHEDULED - timedelta(days=4))
    history = tuple(spray_given(at, Modality.IV_KETAMINE) for at in earlier)
    plan = SPRAY_PLAN.model_copy(update={"history": history, "last_dose_at": earlier[-1]})
    assert judged(plan=plan, order=SPRAY_ORDER, last_modality=Modality.IV_KETAMINE).ready
