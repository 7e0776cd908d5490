"""Records outlive every request to delete them, until the law's time is over."""

from datetime import date

import pytest

from clinical.parameters import Parameters
from clinical.retention import RecordKind, after_months, judge_deletion, keep_until

P = Parameters.default()
LAST = date(2027, 3, 3)


@pytest.mark.parametrize(
    ("kind", "until"),
    [
        (RecordKind.MEDICAL, date(2037, 3, 3)),
        (RecordKind.AUDIT, date(2037, 3, 3)),
        (RecordKind.CONTROLLED_SUBSTANCE, date(2032, 3, 3)),
    ],
)
def test_edge_50_a_record_is_kept_for_its_years_to_the_day(kind: RecordKind, until: date) -> None:
    eve = until.replace(day=2)

    assert keep_until(kind, LAST, P) == until
    assert judge_deletion(kind, LAST, until, P) == ()
    (reason,) = judge_deletion(kind, LAST, eve, P)
    assert (reason.code, reason.fact, reason.source) == ("must_be_kept", f"until {until}", "8.2")


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2027, 3, 3), 0, date(2027, 3, 3)),
        (date(2027, 3, 3), 0.5, date(2027, 4, 3)),
        (date(9990, 3, 3), 1200, date(9999, 3, 3)),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: float, later: date) -> None:
    assert after_months(day, months) == later
