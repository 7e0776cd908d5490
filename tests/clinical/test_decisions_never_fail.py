"""Properties of the decisions: they answer whatever the facts, and stricter is never kinder."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.dosing import DoseFacts, judge_order
from clinical.evaluation import EligibilityOutcome, judge_eligibility
from clinical.exclusions import EXCLUSIONS
from clinical.formulary import MINIMUM_MG_PER_DAY
from clinical.parameter_check import relaxes
from clinical.parameters import PARAMETERS, Change, Parameter, Parameters, Tighter
from clinical.reevaluation import early_review, judge_relapse, propose, stop_rules
from clinical.suicide_risk import LEVELS, ScreenerAnswers, screen, triage_scores
from clinical.titration import PriorDose
from schemas.base import Value
from schemas.evaluation import AntidepressantTrial, Evaluation, TrialOutcome
from schemas.reevaluation import (
    Assessment,
    Course,
    Instrument,
    Proposal,
    ReevaluationFacts,
    Score,
    Tolerability,
)
from tests.drawn import drawn

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
STANDARD = Parameters.default()
QUIET = settings(
    max_examples=drawn(75), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def tightening(*prefixes: str) -> list[Parameter]:
    return [
        p
        for p in PARAMETERS.values()
        if p.change is Change.TIGHTEN
        and p.name.split(".")[0] in prefixes
        and p.low is not None
        and p.high is not None
    ]


@st.composite
def stricter(draw: st.DrawFn, *prefixes: str) -> Parameters:
    """Standard values with some of their TIGHTEN parameters made stricter within their range."""
    values = dict(STANDARD.values)
    for parameter in draw(st.lists(st.sampled_from(tightening(*prefixes)), max_size=6)):
        low, high = float(parameter.low or 0), float(parameter.high or 0)
        share = draw(st.floats(0, 1))
        start = float(str(parameter.default))
        goal = low if parameter.tighter is Tighter.LOWER else high
        number = start + (goal - start) * share
        whole = isinstance(parameter.default, int)
        new = round(number) if whole else number
        if not relaxes(parameter, new, parameter.default):
            values[parameter.name] = new
    return Parameters(values)


moments = st.integers(-60 * 24, 24).map(lambda hours: NOW + timedelta(hours=hours))
instruments = st.sampled_from(list(Instrument))
scores = st.builds(
    Score,
    instrument=instruments,
    total=st.integers(0, 60).map(float),
    taken_at=moments,
    suicidality=st.none() | st.integers(0, 6),
)
several = st.lists(scores, max_size=5).map(tuple)

assessments = st.builds(
    Assessment,
    instrument=instruments,
    items=st.lists(st.none() | st.integers(0, 6), max_size=23).map(tuple),
    total=st.none() | st.integers(0, 60).map(float),
    taken_at=st.none() | moments,
)

trials = st.builds(
    AntidepressantTrial,
    drug=st.sampled_from([*MINIMUM_MG_PER_DAY, "agomelatine", ".", "Sertraline-ER"]),
    max_dose_mg=st.floats(1, 400),
    weeks_at_adequate_dose=st.floats(0, 30),
    adherence_percent=st.floats(0, 100),
    outcome=st.sampled_from(list(TrialOutcome)),
    improvement_percent=st.none() | st.floats(-100, 100),
    augmentation_of=st.none() | st.just("sertraline"),
    current_episode=st.booleans(),
)

evaluations = st.builds(
    Evaluation,
    evaluated_on=st.none() | st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    diagnosis=st.sampled_from(["mdd", "F33.1", "bipolar", "-"]),
    episode_weeks=st.none() | st.floats(0, 500),
    psychotic_features=st.booleans(),
    trials=st.lists(trials, max_size=4).map(tuple),
    assessments=st.lists(assessments, max_size=4).map(tuple),
    moderate_severe_attested=st.booleans(),
    exclusions=st.lists(st.sampled_from([*EXCLUSIONS, "new"]), max_size=2).map(tuple),
    ymrs=st.none() | st.integers(0, 60),
    moca=st.none() | st.integers(0, 30),
    primary_provider=st.none() | st.just({"name": "Dr Ines Alvarado"}),
)

nearly_eligible = st.builds(
    Evaluation,
    episode_weeks=st.floats(2, 200),
    trials=st.lists(
        st.builds(
            AntidepressantTrial,
            drug=st.sampled_from(["sertraline", "venlafaxine", "mirtazapine", "bupropion"]),
            max_dose_mg=st.just(400.0),
            weeks_at_adequate_dose=st.floats(6, 20),
            improvement_percent=st.none() | st.floats(0, 49),
        ),
        min_size=2,
        max_size=5,
    ).map(tuple),
    assessments=st.lists(
        st.builds(
            Assessment,
            instrument=st.just(Instrument.PHQ9),
            total=st.integers(15, 27).map(float),
            taken_at=st.integers(0, 14).map(lambda days: NOW - timedelta(days=days)),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    moderate_severe_attested=st.just(True),
    primary_provider=st.just({"name": "Dr Ines Alvarado"}),
)

priors = st.builds(
    PriorDose,
    dose_mg=st.floats(10, 100),
    weight_kg=st.none() | st.floats(40, 150),
    counted=st.booleans(),
    stop_event=st.booleans(),
    peak_systolic_mmhg=st.none() | st.integers(100, 220),
    peak_diastolic_mmhg=st.none() | st.integers(60, 130),
    lowest_moaas=st.none() | st.integers(0, 5),
    severe_distress=st.booleans(),
    vomited=st.booleans(),
)

orders = st.builds(
    DoseFacts,
    modality=st.sampled_from(["iv_ketamine", "esketamine"]),
    dose_mg=st.sampled_from([28.0, 35.0, 42.0, 56.0, 84.0]) | st.floats(1, 500),
    weight_kg=st.none() | st.floats(35, 250),
    order_weight_kg=st.none() | st.floats(35, 250),
    duration_min=st.none() | st.floats(1, 240),
    session_number=st.integers(1, 12),
    co_signed=st.booleans(),
    consented_max_mg=st.none() | st.floats(1, 500),
    improvement_percent=st.none() | st.floats(-200, 100),
    prior=st.lists(priors, max_size=4).map(tuple),
)

reevaluations = st.builds(
    ReevaluationFacts,
    baseline=several,
    latest=several,
    previous=several,
    course=st.sampled_from(list(Course)),
    infusions_given=st.integers(0, 20),
    titration_left=st.booleans(),
    stop_sessions=st.integers(0, 3),
    safety_events=st.lists(st.sampled_from(["mania", "cystitis"]), max_size=1).map(tuple),
    emergencies=st.lists(st.just("catatonic"), max_size=1).map(tuple),
    new_high_risk=st.booleans(),
    tolerability=st.sampled_from(list(Tolerability)),
    assessments_missing=st.integers(0, 3),
    spray_available=st.booleans(),
    prefers_spray=st.booleans(),
    relapsed=st.booleans(),
    step_backs=st.integers(0, 3),
    maintenance_days=st.integers(0, 400),
    cannot_space_out=st.booleans(),
)


def survives(decision: Value) -> None:
    """The decision is a whole value: it can be written down and read again."""
    assert type(decision).model_validate_json(decision.model_dump_json()) == decision


@QUIET
@given(evaluations, st.none() | st.dates(), stricter("elig"))
def test_eligibility_answers_whatever_was_recorded(
    evaluation: Evaluation, born: date | None, parameters: Parameters
) -> None:
    answer = judge_eligibility(evaluation, born, parameters, NOW)
    survives(answer)
    assert bool(answer.reasons) == (answer.outcome is not EligibilityOutcome.ELIGIBLE)


@QUIET
@given(evaluations | nearly_eligible, stricter("elig"))
def test_a_stricter_clinic_makes_nobody_eligible_who_was_not(
    evaluation: Evaluation, parameters: Parameters
) -> None:
    strict = judge_eligibility(evaluation, date(1980, 1, 1), parameters, NOW)
    usual = judge_eligibility(evaluation, date(1980, 1, 1), STANDARD, NOW)
    if strict.outcome is EligibilityOutcome.ELIGIBLE:
        assert usual.outcome is EligibilityOutcome.ELIGIBLE


@QUIET
@given(nearly_eligible, st.sampled_from([*EXCLUSIONS, "new"]))
def test_another_exclusion_never_helps(evaluation: Evaluation, code: str) -> None:
    more = evaluation.model_copy(update={"exclusions": (code,)})
    answer = judge_eligibility(more, date(1980, 1, 1), STANDARD, NOW)
    assert answer.outcome is EligibilityOutcome.NOT_ELIGIBLE


@QUIET
@given(orders, stricter("iv", "bp"))
def test_every_order_is_answered_and_a_stricter_clinic_allows_none_that_was_refused(
    facts: DoseFacts, parameters: Parameters
) -> None:
    strict, usual = judge_order(facts, parameters), judge_order(facts, STANDARD)
    survives(strict)
    assert usual.allowed or not strict.allowed
    assert strict.refused or not usual.refused
    assert strict.needs_second_prescriber or not usual.needs_second_prescriber or strict.refused


@QUIET
@given(orders)
def test_a_second_signature_never_makes_an_order_less_allowed(facts: DoseFacts) -> None:
    alone = judge_order(facts.model_copy(update={"co_signed": False}), STANDARD)
    together = judge_order(facts.model_copy(update={"co_signed": True}), STANDARD)
    assert together.allowed or not alone.allowed
    assert together.refused == alone.refused


def in_danger(proposal: Proposal) -> bool:
    return proposal.row in {10, 11, 13}


@QUIET
@given(reevaluations, stricter("stop", "reeval", "taper"))
def test_every_reevaluation_proposes_and_a_stricter_clinic_never_offers_more_infusions(
    facts: ReevaluationFacts, parameters: Parameters
) -> None:
    strict, usual = propose(facts, parameters), propose(facts, STANDARD)
    survives(strict)
    survives(early_review(facts, parameters))
    assert strict.course is None or strict.course in strict.options
    assert Course.DISCONTINUE in strict.options
    assert in_danger(strict) or not in_danger(usual)
    if Course.EXTEND in strict.options and not facts.relapsed:
        assert facts.infusions_given < parameters.integer("stop.max_acute")
    codes = {reason.code for reason in stop_rules(facts, parameters)}
    assert codes >= {reason.code for reason in stop_rules(facts, STANDARD)}


@QUIET
@given(several, several)
def test_relapse_is_always_answered(baseline: tuple[Score, ...], found: tuple[Score, ...]) -> None:
    survives(judge_relapse(baseline, found, STANDARD))


@QUIET
@given(several, stricter("instr", "risk"))
def test_a_stricter_clinic_never_sees_less_risk_nor_waits_longer(
    found: tuple[Score, ...], parameters: Parameters
) -> None:
    strict, usual = triage_scores(found, parameters), triage_scores(found, STANDARD)
    survives(strict)
    assert LEVELS.index(strict.level) >= LEVELS.index(usual.level)
    if usual.respond_within is not None:
        assert strict.respond_within is not None
        assert strict.respond_within <= usual.respond_within


@QUIET
@given(
    st.builds(
        ScreenerAnswers, **dict.fromkeys(ScreenerAnswers.model_fields, st.none() | st.booleans())
    )
)
def test_the_screener_answers_however_little_was_asked(answers: ScreenerAnswers) -> None:
    survives(screen(answers))


@pytest.mark.parametrize("naive", [{"taken_at": "2026-03-02T09:00:00"}])
def test_a_moment_without_a_zone_never_reaches_a_decision(naive: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="timezone"):
        Assessment(instrument=Instrument.PHQ9, total=10, **naive)
