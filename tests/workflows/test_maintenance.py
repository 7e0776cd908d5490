"""A year of maintenance: short runs, small inputs, nothing forgotten.

In the time-skipping server, whose own sleep is not used: once a day has closed in a later run than
the one that booked it, that sleep may not return. The journey's training clock goes ahead instead.
"""

import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from schemas.aftercare import Occasion, RecordContact
from schemas.base import Role
from schemas.journey import FollowUp, Phase
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import given
from tests.workflows.places import by, treated
from tests.workflows.test_continue_as_new import LARGEST_INPUT, LONGEST_RUN

BETWEEN_DOSES = {"monitoring_due", "course_review", "patient_contact"}
AHEAD = timedelta(days=2)


@pytest.mark.slow
async def test_a_year_of_maintenance_stays_small(skipping: Clinical) -> None:
    staff = await skipping.refer(**treated(Phase.MAINTENANCE))
    began = time.monotonic()
    view = await staff.wait(lambda v: v.open_session is not None)
    ends_at = view.now + timedelta(days=365)
    follow_ups = 0
    answered: Counter[str] = Counter()
    arranged: set[str] = set()

    while view.now < ends_at:
        entries = {entry.kind for entry in view.pending_entries}
        if view.phase is Phase.REEVALUATION:
            await staff.score(7)
            await staff.approve("reevaluation_decision", "maintenance")
        elif asked := {a.kind for a in view.pending_approvals} & BETWEEN_DOSES:
            await staff.approve(min(asked))
            answered.update(asked)
        elif "sign_consent" in entries:
            await staff.sign()
        elif view.follow_ups:
            owed = view.follow_ups[0]
            await _look_after(staff, owed, home_safe=bool(follow_ups % 2))
            follow_ups += 1
        elif "prepare_session" in entries and view.open_session not in arranged:
            assert view.open_session is not None
            await staff.arrange(view.open_session)
            arranged.add(view.open_session)
        elif view.next_session_at and view.next_session_at - view.now > AHEAD:
            await _until(staff, view.next_session_at - AHEAD)
        elif view.open_session is not None:
            await given(staff)
        view = await staff.wait(lambda v: v.next_action_at is not None)

    runs = await skipping.runs(staff)
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
    assert len(arranged) >= 15, "each day is prepared ahead"
    assert answered["monitoring_due"] >= 4, "checks every three months"
    assert answered["course_review"] >= 1, "eighteen infusions in twelve months are reviewed"


async def _until(staff: Staff, moment: datetime) -> None:
    await staff.door.until(staff.journey_id, moment)


async def _look_after(staff: Staff, owed: FollowUp, *, home_safe: bool) -> None:
    """The evening and the day after; every second time the patient answers the evening's message,
    else a nurse is asked to call and the next morning's call settles it."""
    assert owed.discharged_at is not None
    for hours in (2, 7):
        await _until(staff, owed.discharged_at + timedelta(hours=hours))
        if home_safe and hours == 2:
            answer = RecordContact(
                **by(Role.PATIENT, f"home-{owed.number}"), occasion=Occasion.EVENING, reached=True
            )
            await staff.give("record_contact", answer)
    await _until(staff, owed.from_at)
    await staff.approve("safety_follow_up")
    await staff.wait(lambda v: all(f.session_id != owed.session_id for f in v.follow_ups))
