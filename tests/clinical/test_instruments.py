"""Rating scales: answers, totals, bands, and the change since a baseline."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.instruments import band_of, cadss6_of_cadss, response, score, score_all
from clinical.parameters import Parameters
from clinical.response import (
    ResponseLevel,
    before_treatment,
    best_comparison,
    newest,
    under_treatment,
)
from clinical.scales import SCALES
from schemas.reevaluation import Assessment, Instrument, Score

NOW = datetime(2026, 3, 23, 14, tzinfo=UTC)
I = Instrument  # noqa: E741


def assess(instrument: Instrument, *items: int | None, total: float | None = None) -> Assessment:
    return Assessment(instrument=instrument, items=items, total=total)


def total(instrument: Instrument, *items: int | None) -> float:
    scored = score(assess(instrument, *items), NOW)
    assert isinstance(scored, Score), scored
    return scored.total


def problems(assessment: Assessment) -> list[str]:
    found = score(assessment, NOW)
    assert not isinstance(found, Score)
    return [reason.code for reason in found]


def of(instrument: Instrument, value: float, days: int = 0) -> Score:
    return Score(instrument=instrument, total=value, taken_at=NOW + timedelta(days=days))


def test_qids_counts_its_nine_domains_and_not_a_plain_sum() -> None:
    answers = (3, 3, 3, 3, 2, 1, None, 2, None, 1, 2, 1, 2, 1, 3, 3)
    assert total(I.QIDS_SR16, *answers) == 17
    assert sum(a or 0 for a in answers) == 30


def test_qids_at_its_worst_is_27_not_48() -> None:
    assert total(I.QIDS_SR16, *(3,) * 16) == 27


def test_qids_takes_appetite_and_weight_from_whichever_direction_was_answered() -> None:
    gained = (0, 0, 0, 0, 0, None, 2, None, 3, 0, 0, 0, 0, 0, 0, 0)
    assert total(I.QIDS_SR16, *gained) == 3
    neither = (0, 0, 0, 0, 0, None, None, 0, None, 0, 0, 0, 0, 0, 0, 0)
    only_that = (0, 0, 0, 0, 0, None, None, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert problems(assess(I.QIDS_SR16, *only_that)) == ["answer_missing", "answer_missing"]
    assert problems(assess(I.QIDS_SR16, *neither)) == ["answer_missing", "answer_missing"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((2,) * 9, 18),
        ((2, 2, 2, 2, 2, 2, 2, 2, 0, 3), 16),  # the function item is not scored
        ((1, 1, 1, None, 1, 1, 0, 0, 0), 6),  # 5 over 8 answers: 5.625
        ((1, None, 1, None, 1, 1, 1, 1, 1), 9),
        ((3, None, None, 0, 0, 0, 0, 0, 0), 4),  # 3 over 7 answers: 3.857
    ],
)
def test_phq9_is_prorated_for_up_to_two_blanks(
    items: tuple[int | None, ...], expected: int
) -> None:
    assert total(I.PHQ9, *items) == expected


def test_phq9_with_three_blanks_has_no_score() -> None:
    three = assess(I.PHQ9, None, None, None, 1, 1, 1, 1, 1, 1)
    assert problems(three) == ["answer_missing"] * 3


def test_item_9_is_never_imputed() -> None:
    assert problems(assess(I.PHQ9, 1, 1, 1, 1, 1, 1, 1, 1, None)) == ["item9_missing"]


@pytest.mark.parametrize(
    ("instrument", "items", "suicidality"),
    [
        (I.PHQ9, (0, 0, 0, 0, 0, 0, 0, 0, 3), 3),
        (I.QIDS_SR16, (0,) * 11 + (2,) + (0,) * 4, 2),
        (I.MADRS, (0,) * 9 + (4,), 4),
        (I.GAD7, (3,) * 7, None),
    ],
)
def test_each_scale_carries_its_own_suicide_item(
    instrument: Instrument, items: tuple[int | None, ...], suicidality: int | None
) -> None:
    scored = score(assess(instrument, *items), NOW)
    assert isinstance(scored, Score)
    assert scored.suicidality == suicidality


@pytest.mark.parametrize(
    ("instrument", "best", "worst"),
    [
        (I.PHQ9, 0, 27),
        (I.MADRS, 0, 60),
        (I.QIDS_SR16, 0, 27),
        (I.GAD7, 0, 21),
        (I.C_SSRS, 0, 3),
        (I.CADSS, 0, 92),
        (I.CADSS6, 0, 24),
        (I.MOAA_S, 0, 5),
        (I.ALDRETE, 0, 10),
        (I.BPIC_SS, 0, 38),
        (I.YMRS, 0, 60),
        (I.MOCA, 0, 30),
    ],
)
def test_every_scale_has_the_range_of_the_fact_sheet(
    instrument: Instrument, best: int, worst: int
) -> None:
    highest = SCALES[instrument].highest
    assert total(instrument, *(0,) * len(highest)) == best
    assert total(instrument, *highest) == worst == SCALES[instrument].total_max


@pytest.mark.parametrize(
    ("instrument", "edges"),
    [
        (I.PHQ9, {4: "none", 5: "mild", 10: "moderate", 15: "moderately_severe", 20: "severe"}),
        (I.MADRS, {6: "none", 7: "mild", 19: "mild", 20: "moderate", 34: "moderate", 35: "severe"}),
        (
            I.QIDS_SR16,
            {5: "none", 6: "mild", 11: "moderate", 15: "moderate", 16: "severe", 21: "very_severe"},
        ),
        (I.GAD7, {4: "minimal", 5: "mild", 10: "moderate", 15: "severe"}),
        (I.CADSS, {4: "not_dissociated", 5: "dissociated"}),
        (I.BPIC_SS, {18: "not_significant", 19: "significant"}),
        (I.MOAA_S, {5: "awake", 0: "no_response"}),
        (I.CADSS6, {4: None}),
    ],
)
def test_bands_change_where_the_literature_says(
    instrument: Instrument, edges: dict[int, str | None]
) -> None:
    assert {value: band_of(instrument, value) for value in edges} == edges


@pytest.mark.parametrize(
    ("assessment", "code"),
    [
        (assess(I.PHQ9, 4, 0, 0, 0, 0, 0, 0, 0, 0), "answer_out_of_range"),
        (assess(I.PHQ9, -1, 0, 0, 0, 0, 0, 0, 0, 0), "answer_out_of_range"),
        (assess(I.PHQ9, 1, 1), "wrong_number_of_answers"),
        (assess(I.MADRS, *(1,) * 11), "wrong_number_of_answers"),
        (assess(I.PHQ9), "no_answers"),
        (assess(I.PHQ9, total=28), "total_out_of_range"),
        (assess(I.PHQ9, total=9.5), "total_out_of_range"),
        (assess(I.PHQ9, *(1,) * 9, total=10), "total_disagrees"),
        (
            Assessment(instrument=I.PHQ9, total=9, taken_at=NOW + timedelta(minutes=6)),
            "taken_in_the_future",
        ),
    ],
)
def test_answers_that_cannot_be_right_have_no_score(assessment: Assessment, code: str) -> None:
    assert problems(assessment) == [code]


def test_a_device_clock_a_little_ahead_is_taken_for_now() -> None:
    ahead = Assessment(instrument=I.PHQ9, total=9, taken_at=NOW + timedelta(minutes=5))
    scored = score(ahead, NOW)
    assert isinstance(scored, Score)
    assert scored.taken_at == NOW


def test_a_total_alone_leaves_the_suicide_item_unknown() -> None:
    scored = score(assess(I.PHQ9, total=14), NOW)
    assert isinstance(scored, Score)
    assert (scored.total, scored.suicidality) == (14, None)
    assert isinstance(score(assess(I.PHQ9, total=27), NOW), Score)


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ((0, 0, None, None, None, 0, 0), 0),
        ((1, 0, None, None, None, 0, 0), 1),
        ((0, 1, 0, 0, 0, 0, 0), 1),
        ((0, 1, 1, 0, 0, 0, 0), 2),
        ((0, 0, None, None, None, 1, 0), 2),
        ((0, 0, None, None, None, 1, 1), 3),
        ((0, 0, None, None, None, 1), 3),  # behaviour asked once counts as recent
        ((0, 1, 0, 1, 0, 0, 0), 3),
        ((0, 1, 0, 0, 1, 0, 0), 3),
    ],
)
def test_the_c_ssrs_total_is_its_ladder(answers: tuple[int | None, ...], level: int) -> None:
    assert total(I.C_SSRS, *answers) == level


def test_the_c_ssrs_needs_its_follow_up_questions_once_thoughts_are_there() -> None:
    assert problems(assess(I.C_SSRS, 0, 1, None, None, None, 0, 0)) == ["answer_missing"] * 3


def test_the_cadss_6_lies_within_the_cadss() -> None:
    answers = tuple(4 if number in (1, 2, 6, 7, 15, 22) else 0 for number in range(1, 24))
    assert cadss6_of_cadss(answers) == 24
    with pytest.raises(ValueError, match="23"):
        cadss6_of_cadss((1, 2))


@pytest.mark.parametrize(
    ("instrument", "before", "after", "level"),
    [
        (I.PHQ9, 20, 4, "remission"),  # < 5
        (I.PHQ9, 20, 5, "response"),
        (I.PHQ9, 20, 10, "response"),  # exactly half
        (I.PHQ9, 20, 11, "partial"),
        (I.PHQ9, 20, 15, "partial"),  # exactly a quarter
        (I.PHQ9, 20, 16, "non_response"),
        (I.PHQ9, 20, 23, "non_response"),
        (I.PHQ9, 20, 24, "worsening"),  # a fifth
        (I.PHQ9, 26, 27, "non_response"),
        (I.PHQ9, 22, 27, "worsening"),  # five points
        (I.MADRS, 32, 10, "remission"),  # ELEKT-D <= 10
        (I.MADRS, 32, 11, "response"),
        (I.MADRS, 32, 16, "response"),
        (I.MADRS, 32, 17, "partial"),
        (I.MADRS, 30, 35, "non_response"),
        (I.MADRS, 30, 36, "worsening"),
        (I.QIDS_SR16, 18, 5, "remission"),  # <= 5
        (I.QIDS_SR16, 18, 6, "response"),
        (I.QIDS_SR16, 18, 9, "response"),
        (I.QIDS_SR16, 18, 10, "partial"),
        (I.GAD7, 16, 8, "response"),
        (I.GAD7, 16, 0, "response"),
    ],
)
def test_response_and_remission_follow_the_cut_offs_of_the_trials(
    instrument: Instrument, before: float, after: float, level: str
) -> None:
    assert response(of(instrument, before), of(instrument, after, 21)).level == level


def test_madrs_remission_may_be_the_cut_off_of_the_esketamine_trials() -> None:
    esketamine = Parameters({"instr.remission_madrs": 12})
    assert response(of(I.MADRS, 32), of(I.MADRS, 12), esketamine).level == "remission"


@pytest.mark.parametrize(("after", "level"), [(24, "non_response"), (25, "worsening")])
def test_five_points_on_the_phq9_are_worse_whatever_share_that_is(after: float, level: str) -> None:
    by_points = Parameters({"instr.worsening_pct": 50})
    assert response(of(I.PHQ9, 20), of(I.PHQ9, after), by_points).level == level


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (of(I.PHQ9, 20), of(I.MADRS, 5), "instruments_differ"),
        (of(I.PHQ9, 0), of(I.PHQ9, 5), "baseline_zero"),
        (of(I.CADSS6, 9), of(I.CADSS6, 3), "not_a_symptom_scale"),
    ],
)
def test_some_changes_are_undefined_and_not_zero(before: Score, after: Score, code: str) -> None:
    judged = response(before, after)
    assert judged.level is ResponseLevel.UNDEFINED
    assert judged.percent_change is None
    assert judged.reasons[0].code == code


@given(st.sampled_from([I.PHQ9, I.MADRS, I.QIDS_SR16, I.GAD7]), st.integers(0, 27))
def test_from_a_baseline_of_zero_no_change_is_defined(instrument: Instrument, after: int) -> None:
    judged = response(of(instrument, 0), of(instrument, after))
    assert (judged.level, judged.percent_change) == (ResponseLevel.UNDEFINED, None)
    assert best_comparison((of(instrument, 0),), (of(instrument, after),)).percent_change is None


def test_the_comparison_never_mixes_instruments() -> None:
    judged = best_comparison((of(I.PHQ9, 20), of(I.MADRS, 30)), (of(I.MADRS, 9, 21),))
    assert (judged.instrument, judged.percent_change) == (I.MADRS, -70.0)
    nothing = best_comparison((of(I.PHQ9, 20),), (of(I.QIDS_SR16, 4, 21),))
    assert nothing.level is ResponseLevel.UNDEFINED


def test_a_scale_that_was_not_taken_since_the_first_dose_compares_nothing() -> None:
    before = (of(I.PHQ9, 20), of(I.QIDS_SR16, 18))
    taken = (*before, of(I.QIDS_SR16, 6, 21))
    first_dose_at = NOW + timedelta(days=1)

    judged = best_comparison(before, under_treatment(taken, first_dose_at))

    assert (judged.instrument, judged.percent_change) == (I.QIDS_SR16, -66.7)
    assert under_treatment(before, first_dose_at) == ()
    assert under_treatment(before, NOW) == before, "taken in the moment of the first dose"
    assert under_treatment(before, None) == before


def test_the_baseline_is_the_last_score_of_each_scale_before_the_first_dose() -> None:
    mild, grave = of(I.PHQ9, 12, -9), of(I.PHQ9, 21, -1)
    taken = (grave, mild, of(I.QIDS_SR16, 17, -9), of(I.PHQ9, 4, 7))

    assert before_treatment(taken, NOW) == (grave, taken[2])
    assert before_treatment(taken, None) == (taken[3], taken[2]), "nothing was given yet"
    assert before_treatment((), NOW) == ()


@given(st.sampled_from(list(Instrument)), st.data())
def test_a_score_lies_within_its_range_whatever_was_answered(
    instrument: Instrument, data: st.DataObject
) -> None:
    answer = st.none() | st.integers(-2, 40)
    items = tuple(data.draw(st.lists(answer, max_size=40)))
    stated = data.draw(st.none() | st.floats(0, 100))
    scored = score(assess(instrument, *items, total=stated), NOW)
    if isinstance(scored, Score):
        assert 0 <= scored.total <= SCALES[instrument].total_max
        assert scored.total == int(scored.total)
    else:
        assert scored


@given(st.sampled_from([I.PHQ9, I.MADRS, I.GAD7, I.CADSS6, I.ALDRETE]), st.data())
def test_a_sum_does_not_care_for_the_order_of_its_items(
    instrument: Instrument, data: st.DataObject
) -> None:
    highest = SCALES[instrument].highest
    items = data.draw(st.tuples(*[st.integers(0, top) for top in highest]))
    assert total(instrument, *items) == total(instrument, *data.draw(st.permutations(items)))


@given(st.integers(1, 27), st.integers(0, 27), st.integers(0, 27))
def test_a_higher_score_is_never_a_better_course(before: float, one: int, other: int) -> None:
    order = list(ResponseLevel)
    low, high = sorted((one, other))
    better = response(of(I.PHQ9, before), of(I.PHQ9, low)).level
    worse = response(of(I.PHQ9, before), of(I.PHQ9, high)).level
    assert order.index(better) <= order.index(worse)


def test_problems_and_scores_come_apart() -> None:
    scores, wrong = score_all([assess(I.PHQ9, *(1,) * 9), assess(I.MADRS, 9)], NOW)
    assert [s.total for s in scores] == [9]
    assert [r.code for r in wrong] == ["wrong_number_of_answers"]


def test_of_two_scores_of_one_moment_the_later_told_counts() -> None:
    first, corrected = of(I.PHQ9, 12), of(I.PHQ9, 18)

    assert newest((first, corrected), I.PHQ9) == corrected
    assert newest((corrected, first), I.PHQ9) == first
