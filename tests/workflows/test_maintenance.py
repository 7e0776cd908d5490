"""A year of maintenance by the training clock: short runs, small inputs, nothing forgotten.

Not on the time-skipping server: a sleep there over the close of a session that reports by signal,
because the run it began in has turned over, never returns.
"""

import time
from collections import Counter
from datetime import timedelta

from schemas.journey import Phase
from tests.workflows.conftest import Clinical
from tests.workflows.places import treated
from tests.workflows.test_continue_as_new import LARGEST_INPUT, LONGEST_RUN

BETWEEN_DOSES = {"monitoring_due", "course_review"}


async def test_a_year_of_maintenance_stays_small(journeys: Clinical) -> None:
    began = time.monotonic()
    staff = await journeys.refer(**treated(Phase.MAINTENANCE))
    view = await staff.wait(lambda v: v.open_session is not None)
    until = view.now + timedelta(days=365)
    follow_ups = 0
    answered: Counter[str] = Counter()

    while view.now < until:
        if view.phase is Phase.REEVALUATION:
            await staff.score(7)
            await staff.approve("reevaluation_decision", "maintenance")
        elif asked := {a.kind for a in view.pending_approvals} & BETWEEN_DOSES:
            await staff.approve(min(asked))
            answered.update(asked)
        elif view.pending_entries:
            await staff.sign()
        elif view.follow_ups:
            await journeys.jump(staff, max(view.follow_ups[0].from_at - view.now, timedelta(0)))
            await staff.approve("safety_follow_up")
            follow_ups += 1
        elif view.next_session_at is not None:
            day = view.next_session_at + timedelta(hours=2, minutes=1)
            await journeys.jump(staff, day - view.now)
            await staff.wait(lambda v, s=view.open_session: v.open_session != s)
        view = await staff.wait(lambda v: v.next_action_at is not None)

    runs = await journeys.runs(staff)
    longest = max(run.length for run in runs)
    largest = max(run.input_bytes for run in runs)
    print(
        f"a year of maintenance: {time.monotonic() - began:.1f} s, {len(runs)} runs, "
        f"the longest {longest} events, the largest input {largest / 1024:.1f} KiB, "
        f"{follow_ups} follow-ups, {dict(answered)}, {view.facts} facts"
    )
    assert longest <= LONGEST_RUN
    assert largest <= LARGEST_INPUT
    assert len(view.sessions) >= 6 + 15
    assert follow_ups >= 15
    assert answered["monitoring_due"] >= 4, "checks every three months"
    assert answered["course_review"] >= 1, "eighteen infusions in twelve months are reviewed"
