"""Years of maintenance: short runs, small inputs, nothing forgotten, no month dearer than before.

In the time-skipping server, whose own sleep is not used: once a day has closed in a later run than
the one that booked it, that sleep may not return. The journey's training clock goes ahead instead.
How long a replay takes is printed here and judged by `python -m benchmarks.replay`.

Under load the three years were seen to stand still, and not for the reason in `fired_timers.py`:
the server refused the turn to a new run because something had come meanwhile, and the run that was
then read again turned over before an update that it had taken, which is refused as told another
way (TMPRL1100, "Continue as new workflow machine does not handle this event"). Before that update
stood a task without commands, followed at once by another, near the run's event budget. A
history of a server of production with such tasks, made for the purpose, was read again as it was
told. So here each command waits until nothing is under way (`WorkflowDoor.patient`).
"""

import os
from datetime import timedelta

import pytest

from tests.workflows.conftest import Clinical
from tests.workflows.test_continue_as_new import LARGEST_INPUT, LONGEST_RUN
from tests.workflows.years import YEAR, Lived, live, replays_s

A_MONTH = YEAR / 12
FLAT = 0.20
"""How far the cost of month 33 may lie from that of month 3."""


@pytest.mark.slow
async def test_a_year_of_maintenance_stays_small(skipping: Clinical) -> None:
    lived = await live(skipping, years=1)

    _stayed_small(lived, years=1)
    assert lived.answered["course_review"] >= 1, "eighteen infusions in twelve months are reviewed"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_maintenance_lasts_three_years_with_its_monitoring_and_no_month_is_dearer(
    skipping: Clinical, thorough: bool
) -> None:
    if not thorough:
        pytest.skip("three years take minutes: `make thorough`, or --thorough")
    lived = await live(skipping, years=3)

    _stayed_small(lived, years=3)
    longest_s = max(await replays_s(lived))
    early, late = _cost_of_month(lived, 3), _cost_of_month(lived, 33)
    print(
        f"longest replay {longest_s * 1000:.0f} ms at load {os.getloadavg()[0]:.1f}; "
        f"(events, bytes) of month 3 {early}, of month 33 {late}"
    )
    assert all(abs(b - a) <= FLAT * a for a, b in zip(early, late, strict=True))
    assert lived.answered["monitoring_due"] >= 12, "checks every three months"


def _stayed_small(lived: Lived, *, years: int) -> None:
    longest = max(run.length for run in lived.runs)
    largest = max(run.input_bytes for run in lived.runs)
    print(
        f"{years} years in {lived.took_s:.0f} s: {len(lived.runs)} runs, longest {longest} events, "
        f"the largest input {largest / 1024:.1f} KiB, {lived.follow_ups} follow-ups, "
        f"{dict(lived.answered)}, {lived.view.facts} facts"
    )
    assert longest <= LONGEST_RUN
    assert largest <= LARGEST_INPUT
    assert len(lived.view.sessions) >= 6 + 15 * years
    assert lived.follow_ups >= 15 * years
    assert len(lived.arranged) >= 15 * years, "each day is prepared ahead"
    assert lived.answered["monitoring_due"] >= 4 * years, "checks every three months"
    assert lived.answered["record_screening"] >= 3 * years, "the clearance is renewed in time"


def _cost_of_month(lived: Lived, month: int) -> tuple[float, float]:
    """(events, bytes) of the month, as its share of the half year of two reviews it lies in: a
    month by itself has one dose or two, a half year every dose and every check alike."""
    at = A_MONTH * (month - 0.5)
    marks = [(timedelta(0), 0, 0), *lived.reviews]
    passed = sum(mark[0] <= at for mark in marks) - 1
    begin, end = (marks[passed - passed % 2 + more] for more in (0, 2))
    months = (end[0] - begin[0]) / A_MONTH
    return (end[1] - begin[1]) / months, (end[2] - begin[2]) / months
