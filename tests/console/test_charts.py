"""Plots: a higher score stands higher, a later day further right, and few are not drawn as many."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from console.charts import BOTTOM, LEFT, RIGHT, TOP, bars, score_panels, share_panels
from schemas.reevaluation import Instrument
from service.report_lines import PhaseLine, ResponseLine
from service.rows import ScoreRow, SessionRow

FIRST = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
ZONE = "America/New_York"


def scored(total: float, days: float, instrument: Instrument = Instrument.PHQ9) -> ScoreRow:
    at = FIRST + timedelta(days=days)
    return ScoreRow(instrument=instrument, total=total, taken_at=at)


def dosed(days: float) -> SessionRow:
    at = FIRST + timedelta(days=days)
    return SessionRow(
        session_id="s", journey_id="j", clinic="north", phase="DISCHARGED", dosed_at=at
    )


def week(number: int, assessed: int, percent: float | None) -> ResponseLine:
    return ResponseLine(
        instrument="phq9", week=number, assessed=assessed, responded=assessed, remitted=0,
        responded_percent=percent, remitted_percent=percent,
    )  # fmt: skip


def test_a_higher_score_stands_higher_and_a_later_one_further_right() -> None:
    (panel,) = score_panels([scored(27, 0), scored(12, 9), scored(0, 30)], [], None, {}, ZONE)

    assert [point.y for point in panel.points] == sorted(point.y for point in panel.points)
    assert all(one.x < two.x for one, two in pairwise(panel.points))
    assert (panel.points[0].y, panel.points[-1].y) == (TOP, BOTTOM)
    assert all(LEFT < point.x < RIGHT for point in panel.points)


def test_all_scales_share_one_time_and_each_has_its_own_height() -> None:
    scores = [scored(27, 0), scored(60, 30, Instrument.MADRS), scored(9, 3, Instrument.C_SSRS)]

    phq9, madrs = score_panels(scores, [dosed(15)], None, {Instrument.MADRS: 10}, ZONE)

    assert phq9.points[0].y == madrs.points[0].y == TOP
    assert phq9.points[0].x < madrs.points[0].x
    assert phq9.days == madrs.days
    assert madrs.remission is not None
    assert phq9.remission is None


def test_one_single_score_is_a_point_and_not_an_error() -> None:
    (panel,) = score_panels([scored(19, 0)], [], None, {}, ZONE)

    assert len(panel.points) == 1
    assert score_panels([], [dosed(0)], None, {}, ZONE) == ()


def test_a_week_with_few_patients_has_no_point_and_a_plot_without_points_is_none() -> None:
    (panel,) = share_panels([week(1, 8, 50.0), week(2, 3, None)])

    assert len(panel.responded) == 1
    assert share_panels([week(1, 2, None)]) == ()


def test_the_longest_bar_is_the_largest_number_and_few_are_marked() -> None:
    lines = [
        PhaseLine(phase="CONSENT", entered=9, ended=9, median_days=4.0),
        PhaseLine(phase="REFERRAL", entered=1, ended=1, median_days=2.0, small=True),
        PhaseLine(phase="SCHEDULED", entered=2, ended=0, small=True),
    ]

    drawn = bars(lines, ("phase",), "median_days")

    assert [(bar.codes, bar.small) for bar in drawn] == [
        (("CONSENT",), False),
        (("REFERRAL",), True),
    ]
    assert drawn[0].length == 2 * drawn[1].length
