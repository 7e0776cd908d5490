"""The medical clearance over years: how long it holds, and what another screening must bring."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clinical.clearance import (
    clearance_refused,
    cleared_until,
    examined_at,
    is_running,
    may_be_dosed,
    modality_of,
    voided_by,
)
from clinical.parameters import Parameters
from clinical.rescreening import from_the_future, judge_again, screened_again
from schemas.base import Role
from schemas.journey import Hold, JourneyState, Phase, Series
from schemas.screening import Modality, Screening, ScreeningOutcome, WorkUp
from simulator.papers import STAFF
from tests.clinical.treatment_day import CHECK_IN, PLAN, judged
from tests.workflows.conftest import a_journey
from tests.workflows.places import cleared, dosed, now

P = Parameters.default()
DAY = timedelta(days=1)
RESULTS = ("history_physical", "ecg", "lft", "ua", "uds")


def taken(days_ago: float, **changes: Any) -> tuple[WorkUp, ...]:
    """Every required result normal and so many days old, but for the kinds changed."""
    at = now() - days_ago * DAY
    good = {kind: {"kind": kind, "taken_at": at} for kind in RESULTS}
    rows = {
        **good,
        **{kind: {**good.get(kind, {"kind": kind}), **c} for kind, c in changes.items()},
    }
    return tuple(WorkUp.model_validate(row) for row in rows.values())


def a_course(days_ago: float, last_dose: float | None, **changes: Any) -> JourneyState:
    """Screened and last dosed so many days ago."""
    sessions = [] if last_dose is None else [dosed(1, last_dose)]
    screening = Screening(work_up=changes.pop("work_up", taken(days_ago)))
    facts = {"sessions": sessions, "screening": screening, **changes}
    return a_journey("journey-agatha", **cleared(**facts))


def ends(state: JourneyState, in_days: float = 0) -> float | None:
    """In how many days the clearance for a dose then ends."""
    until = cleared_until(state, now() + in_days * DAY, P)
    return None if until is None else round((until - now()) / DAY, 2)


# -- how long it holds ----------------------------------------------------------------------------


def test_before_a_first_dose_the_examination_and_the_drug_screen_hold_for_a_month() -> None:
    assert ends(a_course(10, None)) == 20


def test_while_the_course_goes_on_the_checks_of_every_session_keep_them_up() -> None:
    """What ends first is the urine test, every three months (2.3, 7.4)."""
    assert ends(a_course(40, 3)) == 50


def test_liver_tests_hold_for_six_months_in_a_course_and_for_three_once_they_were_raised() -> None:
    fresh = {"ua": {"taken_at": now()}}
    raised = {"lft": {"value": 3.4}}

    assert ends(a_course(100, 3, work_up=taken(100, **fresh))) == 80
    assert ends(a_course(100, 3, work_up=taken(100, **fresh, **raised))) == -10


def test_an_ecg_that_was_to_last_a_year_ends_in_mid_course_too() -> None:
    fresh = {kind: {"taken_at": now()} for kind in ("ua", "lft")}

    assert ends(a_course(360, 3, work_up=taken(360, **fresh))) == 5


def test_after_ninety_days_without_a_dose_a_course_is_started_anew() -> None:
    assert ends(a_course(40, 89)) == 1
    assert ends(a_course(40, 91)) == -1
    assert ends(a_course(10, 91)) == 20
    assert is_running(a_course(10, 89), now(), P)
    assert not is_running(a_course(10, 91), now(), P)


def test_a_dose_given_somewhere_else_is_no_course_of_this_clinic() -> None:
    state = a_course(40, None, sessions=[dosed(1, 3, source="another clinic")])

    assert ends(state) == -10


def test_a_result_that_was_never_there_clears_for_nothing() -> None:
    assert ends(a_course(1, 3, work_up=taken(1)[1:])) is None
    assert ends(a_journey("journey-agatha", **cleared(screening=None))) is None


# -- what voids it --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"changes_since_last": ("surgery", "fever")}, ("surgery",)),
        ({"changes_since_last": ("ketamine_elsewhere",)}, ("ketamine_elsewhere",)),
        ({"intoxicated": True}, ("intoxicated",)),
        ({"changes_since_last": ("fever",)}, ()),
    ],
)
def test_what_is_told_at_a_check_in_and_outlasts_its_day(
    told: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert voided_by(CHECK_IN.model_copy(update=told)) == expected
    assert voided_by(None) == ()


def test_edge_15_the_next_day_is_not_ready_though_nobody_tells_of_the_visit_again() -> None:
    plan = PLAN.model_copy(update={"clearance_voided": ("emergency_visit",)})

    (missing,) = judged(plan=plan).missing

    assert (missing.code, missing.supplied_by) == ("clearance_not_renewed", Role.MEDICAL_SCREENER)
    assert not missing.overridable
    assert "emergency_visit" in missing.text


def test_a_day_waits_for_the_physician_who_decides_on_a_finding() -> None:
    plan = PLAN.model_copy(update={"clearance_voided": ("finding_undecided",)})

    (missing,) = judged(plan=plan).missing

    assert (missing.code, missing.supplied_by) == ("finding_undecided", Role.PRESCRIBER)


def test_a_hold_is_not_left_while_the_last_screening_speaks_against_treatment() -> None:
    against = a_course(1, 3, clearance_voided=("contraindicated",))

    assert [r.code for r in clearance_refused(against)] == ["clearance_voided"]
    assert clearance_refused(a_course(1, 3, clearance_voided=("surgery",))) == ()


# -- another screening ----------------------------------------------------------------------------


def again(state: JourneyState, *rows: WorkUp, at: datetime | None = None, **facts: Any) -> Any:
    screening = Screening.model_validate({"work_up": rows, **facts})
    return judge_again(state, screening, at or now(), P)


def test_another_screening_needs_only_what_the_earlier_one_no_longer_gives() -> None:
    state = a_course(95, 3)
    urine = WorkUp(kind="ua", taken_at=now())

    assert [r.code for r in again(state).missing] == ["ua_expired"]
    renewed = again(state, urine)
    assert renewed.outcome is ScreeningOutcome.CLEARED
    assert renewed.missing == ()


def test_another_screening_is_weighed_for_the_dose_that_is_booked() -> None:
    state = a_course(85, 3)
    assert again(state).missing == ()

    booking = {"session_id": "s", "modality": Modality.IV_KETAMINE, "number": 2}
    later = JourneyState.model_validate(
        {**dict(state), "booking": {**booking, "scheduled_at": now() + 10 * DAY}}
    )

    assert [r.code for r in again(later).missing] == ["ua_expired"]


def test_a_positive_of_the_earlier_screening_is_not_lost_by_being_left_out() -> None:
    state = a_course(2, 3, work_up=taken(2, uds={"result": "positive"}))

    assert again(state).outcome is ScreeningOutcome.BLOCKED
    negative = WorkUp(kind="uds", taken_at=now(), result="negative")
    assert again(state, negative).outcome is ScreeningOutcome.CLEARED


def test_a_result_that_nobody_could_read_is_not_lost_either() -> None:
    unread = WorkUp(kind="uds", taken_at=now() - DAY, result="indeterminate")
    state = a_course(2, 3, work_up=(*taken(2), unread))

    assert again(state).outcome is ScreeningOutcome.NEEDS_DECISION


def test_who_could_become_pregnant_is_still_tested_after_another_screening() -> None:
    before = Screening(work_up=taken(2), can_become_pregnant=True, weight_kg=72, age_years=40)

    whole = screened_again(before, Screening(weight_kg=70), now(), P)

    assert whole.can_become_pregnant
    assert (whole.weight_kg, whole.age_years) == (70, 40)


def test_a_screening_of_many_years_keeps_as_many_results_as_one_holds() -> None:
    before = Screening(work_up=taken(2))
    rows = tuple(WorkUp(kind=f"test_{n}", taken_at=now()) for n in range(78))

    whole = screened_again(before, Screening(work_up=rows), now(), P)

    assert len(whole.work_up) == 80
    assert Screening.model_validate(whole.model_dump()) == whole


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("emergency_visit", "history_physical"),
        ("intoxicated", "uds"),
        ("ketamine_elsewhere", "pdmp"),
    ],
)
def test_edge_15_what_voided_the_clearance_is_looked_at_anew(code: str, kind: str) -> None:
    state = a_course(5, 3, clearance_voided=(code,), clearance_voided_at=now() - 2 * DAY)

    assert [r.code for r in again(state).missing] == [f"{kind}_not_anew"]
    assert again(state).valid_until is None
    old = WorkUp(kind=kind, taken_at=now() - 4 * DAY)
    assert [r.code for r in again(state, old).missing] == [f"{kind}_not_anew"]
    assert again(state, WorkUp(kind=kind, taken_at=now() - DAY)).missing == ()


def test_another_screening_is_weighed_for_the_medicine_of_the_course() -> None:
    spray = Series(course="spray", modality=Modality.ESKETAMINE)
    infusions = a_course(1, 3)
    sprays = a_course(1, 3, phase=Phase.REEVALUATION, series=spray)
    switching = a_course(1, 3, phase=Phase.SWITCH_ESKETAMINE)

    found = [modality_of(state) for state in (infusions, sprays, switching)]
    assert found == [Modality.IV_KETAMINE, Modality.ESKETAMINE, Modality.ESKETAMINE]
    assert again(infusions, conditions=("schizophrenia",)).outcome is ScreeningOutcome.BLOCKED
    assert again(sprays, conditions=("schizophrenia",)).outcome is ScreeningOutcome.NEEDS_DECISION


def test_a_result_dated_after_today_was_not_taken_yet() -> None:
    state = a_course(1, 3)
    later = (WorkUp(kind="ua", taken_at=now() + 2 * DAY),)

    assert [r.fact for r in from_the_future(later, state, now())] == ["ua"]
    assert from_the_future(taken(0), state, now()) == ()


def test_a_patient_counts_as_examined_only_while_the_clearance_stands() -> None:
    examined = examined_at(a_course(3, 3), now())

    assert examined is not None
    assert now() - examined > 2 * DAY
    assert examined_at(a_course(3, 3, clearance_voided=("surgery",)), now()) is None
    assert examined_at(a_course(3, 3), now() - 4 * DAY) is None


@pytest.mark.parametrize("phase", list(Phase))
def test_doses_may_come_from_the_first_booking_to_the_last_review(phase: Phase) -> None:
    to_come = {
        Phase.SCHEDULED, Phase.INFUSION_SERIES, Phase.REEVALUATION, Phase.TAPER, Phase.MAINTENANCE,
        Phase.SWITCH_ESKETAMINE,
    }  # fmt: skip
    hold = Hold(
        reason_code="clinical", reason="surgery", owner=Role.NURSE, since=now(), review_at=now(),
        back_to=phase, requested_by=STAFF[Role.NURSE],
    )  # fmt: skip

    assert may_be_dosed(a_course(1, 3, phase=phase)) is (phase in to_come)
    held = a_course(1, 3, phase=Phase.ON_HOLD, hold=hold)
    assert may_be_dosed(held) is (phase in to_come)
    assert not may_be_dosed(a_course(1, 3, phase=phase, close_outcome="closed"))
