"""Reevaluation: each row of the decision table, the stop rules, early review, relapse."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinical.parameters import Parameters
from clinical.reevaluation import early_review, judge_relapse, propose, stop_rules
from clinical.reevaluation_table import ROWS
from schemas.reevaluation import Course, Instrument, ReevaluationFacts, Score

NOW = datetime(2026, 3, 23, 14, tzinfo=UTC)
STANDARD = Parameters.default()
PHQ9, MADRS, QIDS = Instrument.PHQ9, Instrument.MADRS, Instrument.QIDS_SR16


def score(total: float, day: float = 0, instrument: Instrument = PHQ9) -> Score:
    return Score(instrument=instrument, total=total, taken_at=NOW + timedelta(days=day))


def facts(latest: float | None = 4, before: float | None = None, **more: Any) -> ReevaluationFacts:
    """Anselm Okonkwo: PHQ-9 of 20 before six infusions, the spray within reach."""
    given: dict[str, Any] = {
        "baseline": (score(20, -21),),
        "latest": () if latest is None else (score(latest),),
        "previous": () if before is None else (score(before, -4),),
        "infusions_given": 6,
        "spray_available": True,
    }
    return ReevaluationFacts(**{**given, **more})


REMISSION, RESPONSE, PARTIAL, NONE, WORSE = 4, 9, 13, 18, 25

TABLE = [
    # facts, row of 7.3 (from 13: stop rules, label, remainder), what is proposed
    (facts(REMISSION), 1, "taper"),
    (facts(REMISSION, infusions_given=5), 1, "extend"),
    (facts(RESPONSE, before=11), 2, "extend"),
    (facts(RESPONSE, before=10), 2, "extend"),
    (facts(RESPONSE, before=9), 2, "taper"),
    (facts(RESPONSE), 2, "taper"),
    (facts(RESPONSE, before=11, infusions_given=8), 2, "taper"),
    (facts(PARTIAL, titration_left=True), 3, "extend"),
    (facts(PARTIAL, titration_left=True, infusions_given=8), 4, None),
    (facts(PARTIAL), 4, None),
    (facts(NONE), 5, "discontinue"),
    (facts(NONE, titration_left=True), 5, "discontinue"),
    (facts(NONE, infusions_given=4), 5, "discontinue"),
    (facts(NONE, infusions_given=4, titration_left=True), 18, "extend"),
    (facts(NONE, infusions_given=3), 18, "extend"),
    (facts(NONE, tolerability="poor"), 5, "discontinue"),
    (facts(RESPONSE, tolerability="poor_iv"), 6, "switch"),
    (facts(REMISSION, tolerability="poor_iv"), 6, "switch"),
    (facts(RESPONSE, tolerability="poor_iv", spray_available=False), 6, None),
    (facts(RESPONSE, prefers_spray=True), 7, "switch"),
    (facts(RESPONSE, relapsed=True, course="taper"), 8, "extend"),
    (facts(PARTIAL, relapsed=True, course="taper", infusions_given=14), 8, "extend"),
    (facts(PARTIAL, relapsed=True, course="taper", step_backs=1), 8, "extend"),
    (facts(PARTIAL, relapsed=True, course="taper", step_backs=2), 14, None),
    (facts(RESPONSE, course="maintenance", maintenance_days=180), 9, "maintenance"),
    (facts(RESPONSE, course="maintenance", maintenance_days=179), 17, "maintenance"),
    (facts(NONE, course="maintenance"), 5, "discontinue"),
    (facts(REMISSION, safety_events=("cystitis",)), 10, "discontinue"),
    (facts(REMISSION, stop_sessions=2), 10, "discontinue"),
    (facts(REMISSION, stop_sessions=1), 1, "taper"),
    (facts(REMISSION, emergencies=("catatonic",)), 11, "discontinue"),
    (facts(REMISSION, assessments_missing=2), 12, None),
    (facts(REMISSION, assessments_missing=1), 1, "taper"),
    (facts(None), 12, None),
    (facts(REMISSION, baseline=()), 12, None),
    (facts(REMISSION, baseline=(score(0, -21),)), 12, None),
    (facts(REMISSION, baseline=(score(30, -21, MADRS),)), 12, None),
    (facts(WORSE), 13, None),
    (facts(REMISSION, new_high_risk=True), 13, None),
    (facts(RESPONSE, cannot_space_out=True), 15, "discontinue"),
    (facts(PARTIAL, course="switch"), 16, "switch"),
    (facts(NONE, course="switch"), 5, "discontinue"),
    (facts(REMISSION, tolerability="poor"), 19, None),
]


@pytest.mark.parametrize(("given", "row", "course"), TABLE)
def test_the_first_row_that_fits_makes_the_proposal(
    given: ReevaluationFacts, row: int, course: str | None
) -> None:
    proposal = propose(given, STANDARD)
    assert (proposal.row, proposal.course) == (row, course)
    assert proposal.reasons[0].fact == f"row {row}"
    assert Course.DISCONTINUE in proposal.options
    assert proposal.course is None or proposal.course in proposal.options


def test_every_row_of_the_table_fires_in_these_tests() -> None:
    assert {row for _, row, _ in TABLE} == {row.number for row in ROWS}
    fired = {propose(given, STANDARD).reasons[0].code for given, _, _ in TABLE}
    assert fired == {row.code for row in ROWS}


def test_danger_is_looked_at_before_success() -> None:
    everything = facts(REMISSION, emergencies=("psychotic",), safety_events=("mania",))
    assert propose(everything, STANDARD).row == 11
    assert (
        propose(facts(REMISSION, safety_events=("mania",), new_high_risk=True), STANDARD).row == 10
    )


def test_the_spray_is_only_offered_where_it_can_be_given() -> None:
    assert Course.SWITCH in propose(facts(NONE), STANDARD).options
    assert Course.SWITCH not in propose(facts(NONE, spray_available=False), STANDARD).options


def test_an_acute_series_never_grows_past_its_limit() -> None:
    for latest in (REMISSION, RESPONSE, PARTIAL, NONE):
        at_limit = facts(latest, before=15, infusions_given=8, titration_left=True)
        assert Course.EXTEND not in propose(at_limit, STANDARD).options


def test_a_scale_with_a_baseline_of_zero_leaves_the_word_to_another() -> None:
    other = ReevaluationFacts(
        baseline=(score(0, -21), score(30, -21, MADRS)),
        latest=(score(0), score(8, 0, MADRS)),
        infusions_given=6,
    )
    assert propose(other, STANDARD).instrument is MADRS


def test_worse_on_any_scale_is_worse() -> None:
    both = ReevaluationFacts(
        baseline=(score(20, -21), score(30, -21, MADRS)),
        latest=(score(4), score(36, 0, MADRS)),
        infusions_given=6,
    )
    assert propose(both, STANDARD).row == 13


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (facts(16, infusions_given=4), {"S1"}),
        (facts(15, infusions_given=4), set()),  # exactly 25 percent
        (facts(16, infusions_given=3), set()),
        (facts(16, infusions_given=4, titration_left=True), set()),
        (facts(16, infusions_given=5, titration_left=True), set()),
        (facts(16, infusions_given=6, titration_left=True), {"S1"}),
        (facts(cannot_space_out=True), {"S2"}),
        (facts(stop_sessions=2), {"S3"}),
        (facts(safety_events=("pregnancy",)), {"S3"}),
        (facts(new_high_risk=True), {"S4"}),
        (facts(24), {"S1", "S4"}),
        (facts(23, infusions_given=1), set()),
    ],
)
def test_the_stop_rules(given: ReevaluationFacts, rules: set[str]) -> None:
    assert {reason.code for reason in stop_rules(given, STANDARD)} == rules


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (facts(WORSE), "S4"),
        (facts(new_high_risk=True), "S4"),
        (facts(safety_events=("mania",)), "S3"),
        (facts(safety_events=("psychosis",)), "S3"),
    ],
)
def test_edge_18_worsening_mania_or_psychosis_after_an_infusion_stops_the_treatment(
    given: ReevaluationFacts, rule: str
) -> None:
    assert rule in {reason.code for reason in stop_rules(given, STANDARD)}


@pytest.mark.parametrize(
    ("given", "due", "review", "titrate", "finish"),
    [
        (facts(NONE, infusions_given=2), False, False, False, True),
        (facts(NONE, infusions_given=3, titration_left=True), True, True, True, True),
        (facts(NONE, infusions_given=3), True, True, False, True),
        (facts(PARTIAL, infusions_given=3, titration_left=True), True, False, False, True),
        (facts(None, infusions_given=3), True, True, False, True),
        (facts(WORSE, infusions_given=3), True, True, False, False),
    ],
)
def test_the_early_review_after_the_third_infusion(
    given: ReevaluationFacts, due: bool, review: bool, titrate: bool, finish: bool
) -> None:
    answer = early_review(given, STANDARD)
    assert (answer.due, answer.review, answer.titrate, answer.finish) == (
        due,
        review,
        titrate,
        finish,
    )


BASELINE = (score(20, -60), score(32, -60, MADRS), score(18, -60, QIDS))

RELAPSE = [
    ([score(11, 0), score(11, 5)], True),
    ([score(11, 0), score(11, 4.9)], False),  # five days apart
    ([score(11, 0), score(11, 3), score(11, 5)], True),
    ([score(11, 5)], False),  # one is not enough
    ([score(10, 0), score(10, 7)], False),  # half of 20 is still a response
    ([score(11, 0), score(4, 5), score(11, 10)], False),  # interrupted
    ([score(11, 0), score(11, 5), score(4, 10)], False),  # well again
    ([score(22, 0, MADRS), score(22, 5, MADRS)], True),
    ([score(21, 0, MADRS), score(22, 5, MADRS)], False),
    ([score(12, 0, QIDS), score(12, 5, QIDS)], True),
    ([score(11, 0, QIDS), score(12, 5, QIDS)], False),
    ([score(11, 0), score(22, 5, MADRS)], False),  # never across instruments
    ([], False),
]


@pytest.mark.parametrize(("scores", "relapsed"), RELAPSE)
def test_relapse_is_lost_response_twice_and_far_enough_apart(
    scores: list[Score], relapsed: bool
) -> None:
    assert judge_relapse(BASELINE, scores, STANDARD).relapsed is relapsed
    assert judge_relapse(BASELINE, list(reversed(scores)), STANDARD).relapsed is relapsed


def test_a_low_baseline_needs_the_relapse_score_as_well() -> None:
    twice = [score(9, 0), score(9, 5)]
    assert not judge_relapse((score(12, -60),), twice, STANDARD).relapsed


def test_no_sign_of_relapse_gives_no_reason() -> None:
    well = judge_relapse(BASELINE, [score(4, 0), score(3, 5)], STANDARD)
    assert (well.instrument, well.reasons) == (None, ())


def test_of_two_scales_that_agree_the_preferred_one_is_named() -> None:
    both = [score(11, 0), score(11, 5), score(22, 0, MADRS), score(22, 5, MADRS)]
    assert judge_relapse(BASELINE, both, STANDARD).instrument is PHQ9


def test_without_a_baseline_the_relapse_score_alone_calls_a_person() -> None:
    assert judge_relapse((), [score(10, 0), score(10, 5)], STANDARD).relapsed
    assert not judge_relapse((), [score(9, 0), score(9, 5)], STANDARD).relapsed


def test_an_admission_or_attempt_is_a_relapse_whatever_the_scores() -> None:
    assert judge_relapse(BASELINE, [], STANDARD, hospitalised_or_attempt=True).relapsed
