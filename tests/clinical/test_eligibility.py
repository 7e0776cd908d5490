"""Eligibility: one clearly eligible person, and everything that changes the answer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinical.evaluation import (
    Eligibility,
    age_years,
    beyond_override,
    judge_eligibility,
    overrides_alone,
)
from clinical.formulary import MINIMUM_MG_PER_DAY, base_drug, minimum_dose_mg
from clinical.parameters import Parameters
from clinical.trials import count_trials
from schemas.base import Role
from schemas.evaluation import Evaluation

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
BORN = date(1981, 6, 14)
STANDARD = Parameters.default()


def trial(
    drug: str = "sertraline", dose_mg: float = 100, weeks: float = 8, **more: Any
) -> dict[str, Any]:
    return {"drug": drug, "max_dose_mg": dose_mg, "weeks_at_adequate_dose": weeks, **more}


TWO_TRIALS = (trial(), trial("venlafaxine_xr", 150))


def evaluation(**changes: Any) -> Evaluation:
    """Ottoline Marchetti, 44, ten months into an episode, two failed trials, PHQ-9 of 19."""
    facts = {
        "evaluated_on": NOW.date(),
        "episode_weeks": 40,
        "trials": TWO_TRIALS,
        "assessments": ({"instrument": "phq9", "items": (3, 3, 2, 2, 2, 3, 2, 1, 1)},),
        "moderate_severe_attested": True,
        "primary_provider": {"name": "Dr Ines Alvarado"},
    }
    return Evaluation(**{**facts, **changes})


def judged(
    birth_date: date | None = BORN, parameters: Parameters = STANDARD, **changes: Any
) -> Eligibility:
    return judge_eligibility(evaluation(**changes), birth_date, parameters, NOW)


def test_a_clearly_eligible_person_is_eligible_with_the_facts_it_rests_on() -> None:
    answer = judged()
    assert (answer.outcome, answer.reasons) == ("eligible", ())
    assert answer.facts == {
        "failed_trials": "2",
        "augmentations": "0",
        "age_years": "44",
        "phq9": "19",
    }


def phq9(value: int, days_ago: float = 0) -> dict[str, Any]:
    taken_at = NOW - timedelta(days=days_ago)
    return {"assessments": ({"instrument": "phq9", "total": value, "taken_at": taken_at},)}


def scale(instrument: str, value: int) -> dict[str, Any]:
    return {"assessments": ({"instrument": instrument, "total": value},)}


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        # severity gate, both sides of each cut-off
        (phq9(15), "eligible", None),
        (phq9(14), "not_eligible", "severity_too_low"),
        (scale("madrs", 20), "eligible", None),
        (scale("madrs", 19), "not_eligible", "severity_too_low"),
        (scale("qids_sr16", 11), "eligible", None),
        (scale("qids_sr16", 10), "not_eligible", "severity_too_low"),
        # measured within 14 days
        (phq9(20, days_ago=14), "eligible", None),
        (phq9(20, days_ago=14.01), "needs_information", "severity_missing"),
        ({"assessments": ()}, "needs_information", "severity_missing"),
        (scale("gad7", 21), "needs_information", "severity_missing"),
        ({"moderate_severe_attested": False}, "needs_information", "attestation_missing"),
        # episode
        ({"episode_weeks": 2}, "eligible", None),
        ({"episode_weeks": 1.9}, "not_eligible", "episode_too_short"),
        ({"episode_weeks": None}, "needs_information", "episode_missing"),
        ({"psychotic_features": True}, "not_eligible", "psychotic_features"),
        ({"diagnosis": "F33.2"}, "eligible", None),
        ({"diagnosis": "F31.4"}, "not_eligible", "diagnosis"),
        ({"diagnosis": "F32.3"}, "not_eligible", "psychotic_features"),
        ({"diagnosis": "f33.3"}, "not_eligible", "psychotic_features"),
        ({"diagnosis": "F33.42"}, "not_eligible", "diagnosis"),  # in full remission
        ({"diagnosis": "F32.5"}, "not_eligible", "diagnosis"),
        ({"diagnosis": "F32.4"}, "not_eligible", "diagnosis"),
        ({"diagnosis": "F32.81"}, "not_eligible", "diagnosis"),  # premenstrual dysphoric
        ({"diagnosis": "F32.2"}, "eligible", None),
        ({"diagnosis": "F33.9"}, "eligible", None),
        # screens for mania and cognition
        ({"ymrs": 5}, "eligible", None),
        ({"ymrs": 6}, "not_eligible", "mania_screen"),
        ({"moca": 18}, "eligible", None),
        ({"moca": 17}, "not_eligible", "cognition_screen"),
        ({"exclusions": ("bipolar",)}, "not_eligible", "excluded"),
        ({"exclusions": ("something_new",)}, "not_eligible", "excluded"),
        ({"primary_provider": None}, "needs_information", "primary_provider_missing"),
        # trials
        ({"trials": ()}, "needs_information", "trials_missing"),
        ({"trials": TWO_TRIALS[:1]}, "not_eligible", "too_few_failed_trials"),
        ({"trials": (TWO_TRIALS[0], trial("agomelatine"))}, "needs_information", None),
    ],
)
def test_each_fact_changes_the_answer_where_the_rule_says(
    changes: dict[str, Any], outcome: str, code: str | None
) -> None:
    answer = judged(**changes)
    assert answer.outcome == outcome, answer
    assert code is None or code in {reason.code for reason in answer.reasons}


@pytest.mark.parametrize(
    ("second", "counts", "why"),
    [
        (trial("venlafaxine_xr", 150), True, "trial_failed"),
        (trial("venlafaxine_xr", 149), False, "trial_dose_too_low"),
        (trial("venlafaxine", 150, weeks=6), True, "trial_failed"),
        (trial("venlafaxine", 150, weeks=5.9), False, "trial_too_short"),
        (trial("venlafaxine", 150, adherence_percent=75), True, "trial_failed"),
        (trial("venlafaxine", 150, adherence_percent=74), False, "trial_adherence"),
        (trial("venlafaxine", 150, outcome="partial"), True, "trial_failed"),
        (trial("venlafaxine", 150, improvement_percent=49), True, "trial_failed"),
        (trial("venlafaxine", 150, improvement_percent=50), False, "trial_responded"),
        (trial("venlafaxine", 150, outcome="responded_relapsed"), False, "trial_responded"),
        (trial("venlafaxine", 150, outcome="intolerant"), False, "trial_intolerant"),
        (trial("venlafaxine", 150, current_episode=False), False, "trial_other_episode"),
        (trial("Sertraline_generic", 200), False, "trial_same_drug"),
        (trial("escitalopram", 10), True, "trial_failed"),
        (trial("paroxetine", 20), True, "trial_failed"),
        (trial("paroxetine_cr", 20), False, "trial_dose_too_low"),
        (trial("lithium", 900, augmentation_of="sertraline"), False, "trial_augmentation"),
        (trial("agomelatine", 50), False, "trial_drug_not_listed"),
    ],
)
def test_which_second_trial_counts(second: dict[str, Any], counts: bool, why: str) -> None:
    count = count_trials(evaluation(trials=(trial(), second)).trials, STANDARD)
    assert count.failed == (2 if counts else 1)
    assert count.judgements[1].reason.code == why


def test_the_order_of_trials_does_not_change_their_count() -> None:
    trials = evaluation(
        trials=(trial(dose_mg=25), trial(dose_mg=200), trial("mirtazapine", 15))
    ).trials
    forwards = count_trials(trials, STANDARD)
    backwards = count_trials(tuple(reversed(trials)), STANDARD)
    assert forwards.failed == backwards.failed == 2


@pytest.mark.parametrize(
    ("born", "outcome"),
    [
        (date(2008, 3, 2), "eligible"),  # eighteen today
        (date(2008, 3, 3), "not_eligible"),  # eighteen tomorrow
        (date(1930, 1, 1), "eligible"),
        (None, "needs_information"),
        (date(2030, 1, 1), "not_eligible"),
    ],
)
def test_treatment_is_for_adults(born: date | None, outcome: str) -> None:
    assert judged(birth_date=born).outcome == outcome


def test_a_person_older_than_those_in_trials_is_noted_and_not_refused() -> None:
    older = judged(birth_date=date(1950, 3, 2))
    assert older.outcome == "eligible"
    assert "older_than_trials" in {note.code for note in older.notes}
    assert "older_than_trials" not in {note.code for note in judged(date(1951, 3, 2)).notes}


def test_somebody_born_on_a_leap_day_comes_of_age_on_the_first_of_march() -> None:
    assert age_years(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_years(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_every_reason_is_given_and_not_only_the_first() -> None:
    answer = judged(birth_date=None, psychotic_features=True, episode_weeks=1, **phq9(3))
    assert {reason.code for reason in answer.reasons} == {
        "psychotic_features",
        "episode_too_short",
        "severity_too_low",
        "birth_date_missing",
    }


def test_a_refusal_for_too_few_trials_says_why_each_other_one_does_not_count() -> None:
    answer = judged(trials=(trial(), trial("mirtazapine", outcome="intolerant")))
    assert [reason.code for reason in answer.reasons] == [
        "too_few_failed_trials",
        "trial_intolerant",
    ]


def test_an_evaluation_of_days_ago_dates_its_own_assessments() -> None:
    answer = judged(evaluated_on=NOW.date() - timedelta(days=20))
    assert "severity_missing" in {reason.code for reason in answer.reasons}


@pytest.mark.parametrize("drug", sorted(MINIMUM_MG_PER_DAY))
def test_every_drug_of_the_formulary_counts_at_its_dose_and_not_below(drug: str) -> None:
    dose = MINIMUM_MG_PER_DAY[drug]
    assert minimum_dose_mg(drug.upper()) == dose
    at, below = (count_trials(evaluation(trials=(trial(drug, d),)).trials, STANDARD).failed
                 for d in (dose, dose - 0.5))  # fmt: skip
    assert (at, below) == (1, 0)


def test_a_release_form_is_the_same_drug() -> None:
    assert base_drug("Venlafaxine-XR") == base_drug("venlafaxine")


@pytest.mark.parametrize(
    ("born", "changes", "code"),
    [
        (date(2009, 1, 1), {}, "under_age"),
        (None, {}, "birth_date_missing"),
        (BORN, {"primary_provider": None}, "primary_provider_missing"),
        (BORN, {"exclusions": ("no_capacity",)}, "excluded"),
        (BORN, {"exclusions": ("mania",)}, "excluded"),
        (BORN, {"exclusions": ("delirium",)}, "excluded"),
        (BORN, {"exclusions": ("Imminent_Risk",)}, "excluded"),
        (BORN, {"exclusions": ("catatonia",)}, "excluded"),
        # absolute for the infusions that every journey begins with
        (BORN, {"exclusions": ("psychosis",)}, "excluded"),
        (BORN, {"exclusions": ("Schizophrenia",)}, "excluded"),
        (BORN, {"exclusions": ("schizoaffective",)}, "excluded"),
        (BORN, {"exclusions": ("dementia",)}, "excluded"),
        (BORN, {"exclusions": ("substance_use",)}, "excluded"),
        (BORN, {"exclusions": ("ketamine_misuse",)}, "excluded"),
        (BORN, {"psychotic_features": True}, "psychotic_features"),
        (BORN, {"diagnosis": "F32.3"}, "psychotic_features"),
    ],
)
def test_edge_45_what_no_persons_override_lifts(
    born: date | None, changes: dict[str, Any], code: str
) -> None:
    answer = judge_eligibility(evaluation(**changes), born, STANDARD, NOW)
    assert [reason.code for reason in beyond_override(answer)] == [code]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        phq9(14),
        {"exclusions": ("bipolar", "something_new")},
        {"trials": ()},
        {"episode_weeks": 1},
        {"ymrs": 6},
    ],
)
def test_what_people_may_override_with_a_reason(changes: dict[str, Any]) -> None:
    assert beyond_override(judged(**changes)) == ()


def taken(*said: tuple[str, int, float]) -> dict[str, Any]:
    """Scales with their totals, each so many days ago."""
    return {
        "assessments": tuple(
            {"instrument": scale, "total": total, "taken_at": NOW - timedelta(days=days)}
            for scale, total, days in said
        )
    }


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ((("phq9", 20, 10), ("phq9", 8, 0)), "not_eligible"),
        ((("phq9", 8, 0), ("phq9", 20, 10)), "not_eligible"),
        ((("phq9", 8, 10), ("phq9", 20, 0)), "eligible"),
        # one scale does not take back what another one shows
        ((("madrs", 25, 10), ("phq9", 8, 0)), "eligible"),
        # the newest is too old, and so is every one before it
        ((("phq9", 20, 16), ("phq9", 20, 15)), "needs_information"),
    ],
)
def test_the_newest_score_of_a_scale_says_how_severe_it_is(
    said: tuple[tuple[str, int, float], ...], outcome: str
) -> None:
    assert judged(**taken(*said)).outcome == outcome


def test_the_facts_of_a_decision_name_the_score_it_rests_on() -> None:
    answer = judged(**taken(("phq9", 8, 0), ("phq9", 20, 10)))

    assert answer.facts["phq9"] == "8"
    assert [r.fact for r in answer.reasons if r.code == "severity_too_low"] == ["phq9 8"]


UNSCORED = {"assessments": ({"instrument": "phq9", "items": (3, 3, 2)},)}


@pytest.mark.parametrize(
    ("changes", "role", "alone"),
    [
        (phq9(14), Role.PSYCHIATRIST, True),
        (phq9(20, days_ago=15), Role.PSYCHIATRIST, True),
        ({"assessments": ()}, Role.PSYCHIATRIST, True),
        (UNSCORED, Role.PSYCHIATRIST, True),
        (phq9(14), Role.MEDICAL_DIRECTOR, False),
        # without the evaluator's own word for it no gate is left to stand on
        ({"moderate_severe_attested": False}, Role.PSYCHIATRIST, False),
        ({**phq9(14), "moderate_severe_attested": False}, Role.PSYCHIATRIST, False),
        ({**phq9(14), "trials": ()}, Role.PSYCHIATRIST, False),
        ({**phq9(14), "exclusions": ("bipolar",)}, Role.PSYCHIATRIST, False),
        ({"episode_weeks": 1}, Role.PSYCHIATRIST, False),
    ],
)
def test_edge_52_a_psychiatrist_alone_overrides_the_severity_gate_and_nothing_else(
    changes: dict[str, Any], role: Role, alone: bool
) -> None:
    assert overrides_alone(judged(**changes), role) is alone


def test_a_birthday_comes_when_it_comes_at_the_clinic() -> None:
    """Half past seven in the evening in New York is the next day in UTC."""
    evening = datetime(2027, 3, 3, 19, 30, tzinfo=ZoneInfo("America/New_York"))
    born = date(2009, 3, 4)
    late = evening + timedelta(hours=5)
    assert "under_age" in {
        r.code for r in judge_eligibility(evaluation(), born, STANDARD, evening).reasons
    }
    assert "under_age" not in {
        r.code for r in judge_eligibility(evaluation(), born, STANDARD, late).reasons
    }


@pytest.mark.parametrize(
    ("drug", "dose_mg", "level", "failed"),
    [
        ("nortriptyline", 75, None, 1),
        ("nortriptyline", 50, None, 0),
        ("nortriptyline", 50, 50, 1),
        ("nortriptyline", 50, 49.9, 0),
        ("nortriptyline", 50, 150, 1),
        ("nortriptyline", 50, 150.1, 0),
        ("sertraline", 25, 100, 0),
    ],
)
def test_a_blood_level_shows_an_adequate_trial_where_the_formulary_names_one(
    drug: str, dose_mg: float, level: float | None, failed: int
) -> None:
    tried = evaluation(trials=(trial(drug, dose_mg, blood_level_ng_ml=level),)).trials
    assert count_trials(tried, STANDARD).failed == failed
