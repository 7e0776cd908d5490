"""Years of maintenance lived in a test or a benchmark: everybody does what they are asked."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.temporal import data_converter, workflow_runner
from schemas.aftercare import Occasion, RecordContact
from schemas.base import Role
from schemas.journey import FollowUp, JourneyView, Phase
from simulator.staff import Staff
from tests.workflows.conftest import RING, Clinical, Run
from tests.workflows.days import given
from tests.workflows.places import by, treated
from workflows.journey import PatientJourney

BETWEEN_DOSES = {"monitoring_due", "course_review", "patient_contact"}
AHEAD = timedelta(days=2)
YEAR = timedelta(days=365)
OVERTAKEN = "Continue as new workflow machine does not handle this event"
"""The time-skipping server keeps an update that came with the turn to a new run behind that turn,
where no server of production does; such a run is told again up to its last event."""


@dataclass
class Lived:
    """What a stretch of maintenance was like. `reviews`: at each face-to-face review, how long
    maintenance had lasted, with the events and bytes of history so far."""

    view: JourneyView
    runs: list[Run] = field(default_factory=list)
    follow_ups: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    arranged: set[str] = field(default_factory=set)
    reviews: list[tuple[timedelta, int, int]] = field(default_factory=list)
    took_s: float = 0


async def live(journeys: Clinical, *, years: float, **state: Any) -> Lived:
    """So many years in which everybody does what they are asked."""
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, **state))
    journeys.door.patient = True
    began = time.monotonic()
    lived = Lived(await staff.wait(_begun))
    began_at = lived.view.now
    while lived.view.now < began_at + years * YEAR:
        if lived.view.phase is Phase.REEVALUATION:
            runs = await journeys.runs(staff)
            lived.reviews.append((lived.view.now - began_at, *size(runs)))
        await _do_next(staff, lived)
        lived.view = await staff.wait(lambda v: v.next_action_at is not None)
    lived.runs = await journeys.runs(staff)
    lived.took_s = time.monotonic() - began
    return lived


def _begun(view: JourneyView) -> bool:
    return view.open_session is not None or any(
        a.kind in BETWEEN_DOSES for a in view.pending_approvals
    )


async def _do_next(staff: Staff, lived: Lived) -> None:
    """The one thing that is next, whoever it waits on."""
    view = lived.view
    entries = {entry.kind for entry in view.pending_entries}
    if view.phase is Phase.REEVALUATION:
        await staff.score(7)
        await staff.approve("reevaluation_decision", "maintenance")
        await staff.reach(Phase.MAINTENANCE)
    elif asked := {a.kind for a in view.pending_approvals} & BETWEEN_DOSES:
        await staff.approve(min(asked))
        lived.answered.update(asked)
    elif "sign_consent" in entries:
        await staff.sign()
    elif "record_screening" in entries:
        await staff.screen_again()
        lived.answered["record_screening"] += 1
    elif view.follow_ups:
        await _look_after(staff, view.follow_ups[0], home_safe=bool(lived.follow_ups % 2))
        lived.follow_ups += 1
    elif "prepare_session" in entries and view.open_session not in lived.arranged:
        assert view.open_session is not None
        await staff.arrange(view.open_session)
        lived.arranged.add(view.open_session)
    elif view.next_session_at and view.next_session_at - view.now > AHEAD:
        await _until(staff, view.next_session_at - AHEAD)
    elif view.open_session is not None:
        await given(staff)


def size(runs: list[Run]) -> tuple[int, int]:
    return sum(run.length for run in runs), sum(e.ByteSize() for run in runs for e in run.events)


async def replays_s(lived: Lived) -> list[float]:
    """Each run's replay in processor time, by the best of five: the machine has others to serve,
    and a replay waits for nothing."""
    replayer = Replayer(
        workflows=[PatientJourney],
        workflow_runner=workflow_runner(),
        data_converter=data_converter(RING, "default", accept_plain=True),
    )
    taken = []
    for run in lived.runs:
        history = WorkflowHistory(lived.view.journey_id, run.events)
        tries = []
        for _ in range(5):
            began = time.process_time()
            told = await replayer.replay_workflow(history, raise_on_replay_failure=False)
            assert OVERTAKEN in str(told.replay_failure or OVERTAKEN), told.replay_failure
            tries.append(time.process_time() - began)
        taken.append(min(tries))
    return taken


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
