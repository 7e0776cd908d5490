"""What comes from another clinic can be true or not, and leaves so much of a series to give."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinical.transfer import judge_history, left_of_series
from schemas.reevaluation import Instrument, Score
from schemas.screening import Modality
from schemas.transfer import CarriedDose, CarriedEvent, TransferHistory

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
BASELINE = (Score(instrument=Instrument.PHQ9, total=19, taken_at=NOW - timedelta(days=30)),)


def dose(number: int, days_ago: float, **changes: Any) -> CarriedDose:
    fields: dict[str, Any] = {
        "modality": Modality.IV_KETAMINE,
        "number": number,
        "dosed_at": NOW - timedelta(days=days_ago),
        "delivered_mg": 35,
        **changes,
    }
    return CarriedDose(**fields)


def history(**changes: Any) -> TransferHistory:
    fields: dict[str, Any] = {
        "source": "Harborlight Clinic",
        "course": "induction",
        "series_done": 2,
        "doses": (dose(1, 9), dose(2, 5)),
        "baseline": BASELINE,
        **changes,
    }
    return TransferHistory(**fields)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"doses": (dose(1, 9), dose(2, -1))}, "history_in_future"),
        ({"adverse_events": (CarriedEvent(code="fall", at=NOW + timedelta(hours=1)),)},
         "history_in_future"),
        ({"doses": (dose(1, 9), dose(1, 5))}, "dose_told_twice"),
        ({"doses": (dose(2, 5), dose(1, 9))}, "doses_out_of_order"),
        ({"series_done": 3}, "doses_missing"),
        ({"baseline": ()}, "baseline_missing"),
    ],
)  # fmt: skip
def test_edge_37_a_history_that_cannot_be_true_is_refused_with_its_reason(
    changes: dict[str, Any], code: str | None
) -> None:
    assert [r.code for r in judge_history(history(**changes), NOW)] == ([code] if code else [])


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, 4),
        ({"series_done": 0, "doses": ()}, 6),
        ({"series_done": 6}, 0),
        ({"series_done": 8}, 0),
        # Beyond the series: a reevaluation here comes first.
        ({"course": "maintenance", "series_done": 0}, 0),
        ({"course": None, "series_done": 2}, 4),
    ],
)
def test_edge_37_the_count_of_infusions_goes_on_where_the_other_clinic_left_it(
    changes: dict[str, Any], left: int
) -> None:
    assert left_of_series(history(**changes), 6) == left
