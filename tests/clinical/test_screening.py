"""Medical screening as tables: conditions, interactions and results, for infusion and spray."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clinical.contraindications import DATED, TABLE
from clinical.interactions import class_of, judge_interactions, medicines_to_review
from clinical.parameters import Parameters
from clinical.screening import DECISION, judge_screening
from clinical.work_up import REQUIRED, hcg_validity
from schemas.screening import (
    DatedCondition,
    Medicine,
    Modality,
    Screening,
    ScreeningDecision,
    ScreeningOutcome,
    Weight,
    WorkUp,
)

P = Parameters.default()
DOSING = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)
IV, SPRAY = Modality.IV_KETAMINE, Modality.ESKETAMINE
CLEARED, DECIDE, BLOCKED = (
    ScreeningOutcome.CLEARED,
    ScreeningOutcome.NEEDS_DECISION,
    ScreeningOutcome.BLOCKED,
)
ALL_KINDS = (*(kind for kind, _, _ in REQUIRED), "cbc", "tsh", "luts", "cognition", "pdmp")


def work_up(days_before: Any = 10, **changes: Any) -> tuple[WorkUp, ...]:
    """Every result normal and so many days old, but for the kinds changed (None: not there)."""
    taken = {kind: DOSING - timedelta(days=days_before) for kind in ALL_KINDS}
    results = []
    for kind in (*taken, *(set(changes) - set(taken))):
        change = changes.get(kind, {})
        if change is None:
            continue
        good = {"kind": kind, "taken_at": taken.get(kind, DOSING), "result": "normal"}
        results.append(WorkUp.model_validate({**good, **change}))
    return tuple(results)


def judged(modality: Modality = IV, **facts: object) -> ScreeningDecision:
    screening = Screening.model_validate({"work_up": work_up(), **facts})
    return judge_screening(screening, modality, DOSING, P)


def test_a_clean_screening_is_cleared_until_its_first_result_expires() -> None:
    decision = judged()

    assert decision.outcome is CLEARED
    assert decision.reasons == ()
    assert decision.valid_until == DOSING + timedelta(days=20)


@pytest.mark.parametrize("modality", list(Modality))
@pytest.mark.parametrize("row", TABLE, ids=[row.condition for row in TABLE])
def test_every_row_of_the_matrix_decides_as_it_weighs(row: object, modality: Modality) -> None:
    weight = row.weight(modality)  # type: ignore[attr-defined]
    condition = row.condition  # type: ignore[attr-defined]
    if condition in DATED:
        weight = Weight.ABSOLUTE

    outcome = judged(modality, conditions=(condition,)).outcome

    expected = {Weight.ABSOLUTE: BLOCKED, Weight.RELATIVE: DECIDE}
    assert outcome is expected.get(weight, CLEARED)


@pytest.mark.parametrize(
    ("condition", "infusion", "spray"),
    [
        ("aneurysmal_vascular_disease", BLOCKED, BLOCKED),
        ("pregnancy", BLOCKED, BLOCKED),
        ("schizophrenia", BLOCKED, DECIDE),
        ("ketamine_misuse", BLOCKED, DECIDE),
        ("child_pugh_b", DECIDE, CLEARED),
        ("porphyria", DECIDE, CLEARED),
        ("bipolar", DECIDE, DECIDE),
        ("child_pugh_c", BLOCKED, BLOCKED),
    ],
)
def test_infusion_and_spray_are_weighed_apart(
    condition: str, infusion: ScreeningOutcome, spray: ScreeningOutcome
) -> None:
    assert judged(IV, conditions=(condition,)).outcome is infusion
    assert judged(SPRAY, conditions=(condition,)).outcome is spray


def test_a_condition_the_matrix_does_not_know_needs_a_physician() -> None:
    decision = judged(conditions=("moonlight_fever",))

    assert decision.outcome is DECIDE
    assert decision.findings[0].reason.fact == "moonlight_fever"


@pytest.mark.parametrize(
    "condition", ["myocardial_infarction", "stroke", "transient_ischaemic_attack"]
)
@pytest.mark.parametrize(("days", "outcome"), [(179, BLOCKED), (180, DECIDE), (4000, DECIDE)])
def test_a_heart_attack_or_stroke_blocks_for_180_days(
    condition: str, days: int, outcome: ScreeningOutcome
) -> None:
    happened_on = DOSING.date() - timedelta(days=days)
    event = DatedCondition(condition=condition, happened_on=happened_on)
    recent_ecg = {"taken_at": DOSING - timedelta(days=5)}

    decision = judged(
        dated_conditions=(event,), conditions=(condition,), work_up=work_up(ecg=recent_ecg)
    )

    assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"age_years": 17}, BLOCKED),
        ({"age_years": 18}, CLEARED),
        ({"weight_kg": 40}, CLEARED),
        ({"weight_kg": 39.9}, DECIDE),
        ({"weight_kg": 130}, CLEARED),
        ({"weight_kg": 130.1}, DECIDE),
        ({"systolic_mmhg": 160, "diastolic_mmhg": 100}, CLEARED),
        ({"systolic_mmhg": 161}, DECIDE),
        ({"diastolic_mmhg": 101}, DECIDE),
    ],
)
def test_measured_findings(facts: dict[str, Any], outcome: ScreeningOutcome) -> None:
    assert judged(**facts).outcome is outcome


def test_edge_45_a_minor_is_blocked_for_both() -> None:
    assert {judged(m, age_years=16).outcome for m in Modality} == {BLOCKED}


def test_the_sprays_dose_does_not_depend_on_weight() -> None:
    assert judged(SPRAY, weight_kg=36).outcome is CLEARED


@pytest.mark.parametrize(
    ("kind", "days"),
    [("history_physical", 30), ("ecg", 365), ("lft", 90), ("ua", 90), ("uds", 30)],
)
def test_a_result_is_valid_to_its_last_moment_and_no_longer(kind: str, days: int) -> None:
    at_limit = DOSING - timedelta(days=days)

    assert judged(work_up=work_up(**{kind: {"taken_at": at_limit}})).outcome is CLEARED
    late = judged(work_up=work_up(**{kind: {"taken_at": at_limit - timedelta(seconds=1)}}))
    assert [reason.code for reason in late.missing] == [f"{kind}_expired"]
    assert (late.outcome, late.valid_until) == (DECIDE, None)
    absent = judged(work_up=work_up(**{kind: None}))
    assert [reason.code for reason in absent.missing] == [f"{kind}_missing"]


def test_edge_40_validity_is_measured_to_the_dosing_time_not_to_today() -> None:
    screening = Screening(work_up=work_up(25))

    assert judge_screening(screening, IV, DOSING, P).outcome is CLEARED
    later = judge_screening(screening, IV, DOSING + timedelta(days=6), P)
    assert {r.code for r in later.missing} == {"history_physical_expired", "uds_expired"}


@pytest.mark.parametrize(
    "facts",
    [
        {"conditions": ("hypertension",)},
        {"medicines": (Medicine(name="haloperidol", drug_class="qt_prolonging"),)},
    ],
)
def test_with_heart_disease_or_a_qt_drug_an_ecg_is_valid_for_90_days(
    facts: dict[str, Any],
) -> None:
    old = work_up(ecg={"taken_at": DOSING - timedelta(days=91)})

    assert [r.code for r in judged(work_up=old, **facts).missing] == ["ecg_expired"]
    assert judged(work_up=old).missing == ()


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"lft": {"value": 3.0}}, CLEARED),
        ({"lft": {"value": 3.1}}, DECIDE),
        ({"ua": {"result": "abnormal"}}, DECIDE),
        ({"ecg": {"result": "abnormal"}}, DECIDE),
        ({"uds": {"result": "positive"}}, BLOCKED),
        ({"hcg": {"result": "positive"}}, BLOCKED),
        ({"hcg": {"result": "negative"}}, CLEARED),
        ({"pdmp": {"result": "abnormal"}}, DECIDE),
        ({"uds": {"result": "pending"}}, DECIDE),
    ],
)
def test_abnormal_results(change: dict[str, Any], outcome: ScreeningOutcome) -> None:
    assert judged(work_up=work_up(**change)).outcome is outcome


def test_edge_48_a_late_abnormal_result_outweighs_the_older_normal_one() -> None:
    late = WorkUp(kind="lft", taken_at=DOSING - timedelta(days=1), value=4.2)

    assert judged(work_up=(*work_up(), late)).outcome is DECIDE


@pytest.mark.parametrize("later", ["pending", "not_done", "invalid", "refused", "indeterminate"])
@pytest.mark.parametrize("kind", ["uds", "hcg"])
def test_edge_19_a_positive_stands_until_a_later_test_that_was_read_is_negative(
    kind: str, later: str
) -> None:
    positive = work_up(**{kind: {"result": "positive", "taken_at": DOSING - timedelta(days=2)}})
    repeat = WorkUp(kind=kind, taken_at=DOSING - timedelta(hours=3), result=later)
    read = WorkUp(kind=kind, taken_at=DOSING - timedelta(hours=2), result="negative")

    assert judged(work_up=(*positive, repeat)).outcome is BLOCKED
    assert judged(work_up=(*positive, repeat, read)).outcome is CLEARED


def test_a_positive_and_a_negative_of_one_moment_are_a_positive() -> None:
    at = {"kind": "uds", "taken_at": DOSING - timedelta(days=1)}
    both = [WorkUp.model_validate({**at, "result": word}) for word in ("positive", "negative")]

    assert judged(work_up=(*work_up(uds=None), *both)).outcome is BLOCKED
    assert judged(work_up=(*work_up(uds=None), *reversed(both))).outcome is BLOCKED


@pytest.mark.parametrize("kind", ["uds", "history_physical", "ua", "cbc"])
def test_a_result_in_a_word_that_nobody_knows_is_decided_on_by_a_physician(kind: str) -> None:
    decision = judged(work_up=work_up(**{kind: {"result": "indeterminate"}}))

    assert decision.outcome is DECIDE
    (finding,) = [f for f in decision.findings if f.condition == f"{kind}_result_unknown"]
    assert (finding.weight, finding.reason.fact) == (Weight.RELATIVE, f"{kind} indeterminate")


def test_a_result_in_a_word_that_nobody_knows_is_not_a_test_that_was_done() -> None:
    decision = judged(work_up=work_up(uds={"result": "indeterminate"}))

    assert [r.code for r in decision.missing] == ["uds_missing"]


def test_an_unread_repeat_leaves_the_older_negative_to_its_own_validity() -> None:
    repeat = WorkUp(kind="uds", taken_at=DOSING - timedelta(hours=3), result="pending")

    decision = judged(work_up=(*work_up(10), repeat))

    assert (decision.outcome, decision.missing) == (CLEARED, ())
    assert decision.valid_until == DOSING + timedelta(days=20)


def test_a_result_taken_after_the_dosing_time_does_not_count_for_it() -> None:
    future = work_up(uds={"taken_at": DOSING + timedelta(seconds=1)})

    assert [r.code for r in judged(work_up=future).missing] == ["uds_missing"]


def test_who_can_become_pregnant_owes_a_test() -> None:
    assert [r.code for r in judged(can_become_pregnant=True).missing] == ["hcg_missing"]


@pytest.mark.parametrize(("hours", "told"), [(24, False), (24.1, True)])
def test_edge_40_a_pregnancy_test_that_will_have_expired_is_told_at_booking(
    hours: float, told: bool
) -> None:
    tested = {"taken_at": DOSING - timedelta(hours=hours)}
    decision = judged(can_become_pregnant=True, work_up=work_up(hcg=tested))
    assert ("hcg_expired" in {finding.condition for finding in decision.findings}) is told
    assert decision.outcome is CLEARED


@pytest.mark.parametrize(
    ("mode", "first", "expected"),
    [
        ("every_session", True, timedelta(hours=24)),
        ("every_session", False, timedelta(hours=24)),
        ("28d", True, timedelta(hours=24)),
        ("28d", False, timedelta(days=28)),
    ],
)
def test_how_long_a_pregnancy_test_holds(mode: str, first: bool, expected: timedelta) -> None:
    parameters = Parameters({**P.values, "screen.hcg_mode": mode})

    assert hcg_validity(first=first, parameters=parameters) == expected


@pytest.mark.parametrize(
    ("medicines", "outcome"),
    [
        (({"name": "lorazepam", "lorazepam_equivalent_mg_per_day": 2},), CLEARED),
        (({"name": "lorazepam", "lorazepam_equivalent_mg_per_day": 2.1},), DECIDE),
        (({"name": "lorazepam"},), DECIDE),
        (
            (
                {"name": "lorazepam", "lorazepam_equivalent_mg_per_day": 1.5},
                {"name": "clonazepam", "lorazepam_equivalent_mg_per_day": 1},
            ),
            DECIDE,
        ),
        (({"name": "theophylline"},), DECIDE),
        (({"name": "Lorazepam_ER", "lorazepam_equivalent_mg_per_day": 2.1},), DECIDE),
        (({"name": "lorazepam", "drug_class": "cns_depressant"},), DECIDE),
        (({"name": "phenelzine"}, {"name": "lamotrigine"}), CLEARED),
    ],
)
def test_interactions(medicines: tuple[dict[str, Any], ...], outcome: ScreeningOutcome) -> None:
    assert judged(medicines=medicines).outcome is outcome


def test_an_interaction_never_advises_an_abrupt_stop() -> None:
    medicine = Medicine(name="lorazepam", lorazepam_equivalent_mg_per_day=4)

    (finding,) = judge_interactions((medicine,), IV, P)

    assert "never stop it abruptly" in finding.reason.text


def test_a_medicine_is_known_by_its_name_when_no_class_is_given() -> None:
    assert class_of("Lorazepam") == "benzodiazepine"
    assert class_of("brand_x", "maoi") == "maoi"
    assert medicines_to_review(("benzodiazepine", "lithium", "mystery"), IV) == (
        "benzodiazepine",
        "mystery",
    )


def test_a_stated_class_hides_nothing_that_the_name_tells() -> None:
    """Phenelzine is an antidepressant, and raises blood pressure as an MAOI all the same."""
    medicine = Medicine(name="phenelzine", drug_class="antidepressant")
    found = {finding.condition for finding in judge_interactions((medicine,), IV, P)}
    assert found == {"antidepressant", "maoi"}


@pytest.mark.parametrize("name", ["venlafaxine_xr", "Bupropion-SR", "zolpidem_cr", "oxymetazoline"])
def test_a_release_form_does_not_make_a_medicine_unknown(name: str) -> None:
    assert judge_interactions((Medicine(name=name),), IV, P) != ()


def test_one_condition_is_named_once_at_its_heaviest() -> None:
    decision = judged(
        conditions=("pregnancy", "pregnancy"), work_up=work_up(hcg={"result": "positive"})
    )

    assert [f.condition for f in decision.findings] == ["pregnancy"]


def test_every_finding_says_on_which_fact_and_source_it_rests() -> None:
    decision = judged(conditions=("bipolar",), age_years=17, systolic_mmhg=170)

    assert len(decision.findings) == 4
    assert all(f.reason.fact and f.reason.source for f in decision.findings)


def test_leap_day_counts_as_a_day() -> None:
    dosing = datetime(2028, 3, 1, 15, 0, tzinfo=UTC)
    taken = datetime(2028, 1, 31, 15, 0, tzinfo=UTC)
    screening = Screening(work_up=tuple(WorkUp(kind=k, taken_at=taken) for k in ALL_KINDS))

    assert judge_screening(screening, IV, dosing, P).missing == ()
    day_more = judge_screening(screening, IV, dosing + timedelta(days=1), P)
    assert {r.code for r in day_more.missing} == {"history_physical_expired", "uds_expired"}


def test_the_bench_answers_as_the_workflow_is_answered() -> None:
    facts = DECISION.facts(screening=Screening(work_up=work_up()), modality=IV, dosing_at=DOSING)

    assert DECISION.judge(facts, P) == judged()


def test_dates_of_conditions_are_dates() -> None:
    event = DatedCondition(condition="stroke", happened_on=date(2020, 1, 1))

    assert judged(dated_conditions=(event,)).outcome is DECIDE
