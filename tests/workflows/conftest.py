"""Workflows at work for a test: our converter, our sandbox, a hand-written outside.

Two servers. The real development server, with the training clock, for all that has sessions; the
time-skipping server for whole courses, and for deadlines in time that truly passes. Of the latter:
its one clock knows one journey at a time; a query to a workflow that has closed hangs; and it loses
a run that cancels a timer which fired meanwhile, for which its workers have a care of their own
(`fired_timers.py`). A sleep over the moment at which a real session closes itself was seen not to
return. So no test of a journey with real sessions runs on it, and nothing there is asked once it
closed.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

from activities.appointments import AppointmentsActivities
from clinical.standard_protocol import standard_protocol
from runtime.keys import KeyRing
from runtime.names import INTEGRATIONS, JOURNEYS, NOTIFICATIONS, RECORDS
from runtime.temporal import data_converter, ensure_search_attributes, interceptors
from schemas.base import Role
from schemas.event import EventKind, Fact
from schemas.health_record import Letter
from schemas.infusion import SessionResult
from schemas.journal import WriteJournal
from schemas.journey import JourneyInput, JourneyState, JourneyView
from schemas.protocol import Clinic
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.doors import WorkflowDoor
from tests.workflows.fired_timers import runners
from tests.workflows.outside import Outside
from tests.workflows.stand_in import StandInInfusion, StandInSpray
from workflows.drug_cabinet import DrugCabinet
from workflows.infusion_session import InfusionSession
from workflows.journey import PatientJourney
from workflows.nasal_spray_session import NasalSpraySession

if TYPE_CHECKING:
    from tests.workflows.cabinets import Shelves

NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(6), ("08:00", "18:00")),
    spray_certified=True,
    after_hours_phone="+1-212-555-0142",
)

SERVER_TRIES = 3
LOST_AFTER = timedelta(seconds=3)
"""The time-skipping server now and then loses what a task is answered with; then the task is handed
out again. By default after ten seconds, which is as long as it lets a query wait."""
TWO_POLLS = PollerBehaviorSimpleMaximum(2)
"""A story has a few tasks at once: more polls only cost their opening and closing."""
RING = KeyRing.in_memory()
"""One for all tests: what one of them leaves on the shared server the next can still read."""


class Clinical:
    """One running engine for a test: its client, its outside, its staff."""

    def __init__(self, env: WorkflowEnvironment, outside: Outside) -> None:
        self.env = env
        self.client: Client = env.client
        self.outside = outside
        self.door = WorkflowDoor(env.client)
        self.started: list[str] = []

    async def refer(self, **changes: Any) -> Staff:
        """A referral becomes a journey, and its staff. `changes`: another state to start from."""
        journey_id = f"journey-{uuid4().hex[:26]}"
        await self.client.start_workflow(
            "PatientJourney",
            JourneyInput(state=a_journey(journey_id, **changes)),
            id=journey_id,
            task_queue=JOURNEYS,
            task_timeout=LOST_AFTER if self.env.supports_time_skipping else None,
        )
        self.started.append(journey_id)
        return Staff(self.door, journey_id)

    def handle(self, staff: Staff) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(staff.journey_id)

    async def jump(self, staff: Staff, by: timedelta) -> JourneyView:
        """Let the training clock of one journey jump ahead."""
        now = (await self.door.journey(staff.journey_id)).now
        await self.door.until(staff.journey_id, now + by)
        return await self.door.journey(staff.journey_id)

    async def flush(self, staff: Staff) -> None:
        """An entry that has to be on record soon takes the routine facts along."""
        entry = WriteJournal(command_id=uuid4().hex, actor=STAFF[Role.PATIENT], mood=5)
        await staff.give("write_journal", entry)

    async def facts(self, staff: Staff) -> list[Fact]:
        """The journey's record once everything is on it."""
        await staff.wait(lambda v: v.unrecorded == 0)
        kept = self.outside.facts[staff.journey_id]
        return [kept[n] for n in sorted(kept)]

    async def fact(self, staff: Staff, kind: str) -> Fact:
        """The one fact of this kind."""
        found = [fact for fact in await self.facts(staff) if fact.kind.value == kind]
        assert len(found) == 1, f"{len(found)} facts of kind {kind}"
        return found[0]

    async def filed(self, staff: Staff, at_least: int = 1) -> list[Letter]:
        """The letters of one journey once so many, and every one that it told of, are filed."""
        for _ in range(2000):
            mine = [n for n in self.outside.letters.values() if n.journey_id == staff.journey_id]
            told = [f for f in await self.facts(staff) if f.kind is EventKind.LETTER_FILED]
            if len(mine) >= at_least and len(told) == len(mine):
                return mine
            await self.door.settle()
        raise AssertionError("no letter was filed")

    async def kinds(self, staff: Staff) -> list[str]:
        """The journey's record once everything is on it, by name."""
        return _story([fact.kind.value for fact in await self.facts(staff)])

    async def ended(self, staff: Staff) -> list[str]:
        """The journey's whole record, by name, once it has closed."""
        await self.handle(staff).result()
        return _story(self.outside.kinds(staff.journey_id))

    async def carried(self, staff: Staff) -> JourneyState:
        """The state that the run at work began with."""
        payload = (await self.runs(staff))[-1].started_with
        decoded = await self.client.data_converter.decode([payload], [JourneyInput])
        state: JourneyState = decoded[0].state
        return state

    async def runs(self, staff: Staff) -> list["Run"]:
        """Every run of the journey so far, the first one first."""
        found: list[Run] = []
        run_id: str | None = None
        handle = self.client.get_workflow_handle(staff.journey_id)
        info = await handle.describe()
        run_id = info.run_id
        while run_id:
            history = await self.client.get_workflow_handle(
                staff.journey_id, run_id=run_id
            ).fetch_history()
            started = history.events[0].workflow_execution_started_event_attributes
            found.append(Run(history.events))
            run_id = started.continued_execution_run_id or None
        return found[::-1]

    async def put_away(self) -> None:
        """End what this test started, so that the next has the server to itself."""
        for journey_id in self.started:
            for workflow_id in (journey_id, *self._sessions_of(journey_id)):
                with suppress(RPCError):
                    await self.client.get_workflow_handle(workflow_id).terminate()

    def _sessions_of(self, journey_id: str) -> list[str]:
        """The last session of each kind, and the next one, of which no fact is on record yet."""
        facts = self.outside.facts.get(journey_id, {}).values()
        booked = [f for f in facts if f.kind is EventKind.SESSION_BOOKED]
        number = max((int(str(f.data["number"])) for f in booked), default=0)
        words = ("infusion", "spray")
        return [f"{journey_id}-{w}-{n}" for w in words for n in (number, number + 1) if n]


def _story(kinds: list[str]) -> list[str]:
    """Without letters and jumps: where they fall among the other facts is chance."""
    beside = {"LetterFiled", "LetterNotFiled", "ClockAdvanced"}
    return [kind for kind in kinds if kind not in beside]


@dataclass(frozen=True)
class Run:
    """One run of a workflow as the server kept it."""

    events: Sequence[HistoryEvent]

    @property
    def length(self) -> int:
        return len(self.events)

    @property
    def started_with(self) -> Payload:
        return self.events[0].workflow_execution_started_event_attributes.input.payloads[0]

    @property
    def input_bytes(self) -> int:
        """What this run was started with, sealed as it lay on the server."""
        return len(self.started_with.data)


def a_journey(journey_id: str, **changes: Any) -> JourneyState:
    """The state a journey starts from."""
    start: dict[str, Any] = {
        "journey_id": journey_id,
        "workflow_id": journey_id,
        "clinic": NORTH,
        "protocol": standard_protocol(),
        "training": True,
        "clock_may_move": True,
        "referral": papers.referral("R-1"),
        **changes,
    }
    return JourneyState(**start)


def time_skipping_server() -> str:
    return str(Path(sys.executable).with_name("temporal-test-server"))


REAL = (PatientJourney, InfusionSession, NasalSpraySession, DrugCabinet)
STOOD_IN = (PatientJourney, StandInInfusion, StandInSpray)


@asynccontextmanager
async def serving(
    env: WorkflowEnvironment,
    outside: Outside,
    *,
    cached: int = 100,
    workflows: Sequence[type] = REAL,
    strict: bool = False,
    missed_after: timedelta = timedelta(seconds=10),
) -> AsyncIterator[None]:
    """Workers on the queues of the engine. `missed_after`: how long a task waits for the worker
    that knows its workflow before any other may take it."""
    appointments = AppointmentsActivities(outside)
    if workflows is STOOD_IN:
        outside.stand_ins = partial(_ended_with, env.client)
    worker = partial(
        Worker,
        env.client,
        workflow_task_poller_behavior=TWO_POLLS,
        activity_task_poller_behavior=TWO_POLLS,
    )
    async with (
        worker(
            task_queue=JOURNEYS,
            workflows=workflows,
            max_cached_workflows=cached,
            sticky_queue_schedule_to_start_timeout=missed_after,
            **runners(env, strict=strict),
        ),
        worker(
            task_queue=RECORDS,
            activities=[
                *(outside.append_events, outside.session_result),
                *(outside.read_stock, outside.exposed_to_lot, outside.lot_standing),
                *(appointments.reserve_places, appointments.confirm_places),
                appointments.release_places,
            ],
        ),
        worker(task_queue=NOTIFICATIONS, activities=[outside.send_notifications]),
        worker(
            task_queue=INTEGRATIONS,
            activities=[outside.file_letter, outside.fax_monitoring_form],
        ),
    ):
        yield


async def _ended_with(client: Client, session_id: str) -> SessionResult | None:
    day = client.get_workflow_handle(session_id, result_type=SessionResult)
    try:
        status = (await day.describe()).status
    except RPCError:
        return None
    return await day.result() if status is WorkflowExecutionStatus.COMPLETED else None


def cached(request: pytest.FixtureRequest) -> int:
    """`--uncached` replays every workflow task from its first event."""
    return 0 if request.config.getoption("--uncached") else 100


async def _started() -> WorkflowEnvironment:
    """A free port is chosen first and taken a moment later: where somebody else was quicker, or the
    machine slow, the server is started again."""
    for left in reversed(range(SERVER_TRIES)):
        try:
            return await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=time_skipping_server(),
                data_converter=data_converter(RING, "default", accept_plain=True),
                interceptors=[*interceptors()],
            )
        except RuntimeError:
            if not left:
                raise
    raise AssertionError("the last try starts it or raises")


@asynccontextmanager
async def skipped_time() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own whose clock skips while nothing happens."""
    env = await _started()
    async with env:
        await ensure_search_attributes(env.client)
        yield env


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Time that skips; one journey at a time on each server."""
    async with skipped_time() as env:
        yield env


@pytest.fixture
async def real_server(temporal_server: str) -> WorkflowEnvironment:
    """The real development server, shared by the whole test session."""
    client = await Client.connect(
        temporal_server,
        data_converter=data_converter(RING, "default", accept_plain=True),
        interceptors=[*interceptors()],
    )
    await ensure_search_attributes(client)
    return WorkflowEnvironment.from_client(client)


@asynccontextmanager
async def at_work(
    env: WorkflowEnvironment, request: pytest.FixtureRequest, workflows: Sequence[type]
) -> AsyncIterator[Clinical]:
    clinical = Clinical(env, Outside())
    async with serving(env, clinical.outside, cached=cached(request), workflows=workflows):
        yield clinical
        await clinical.put_away()


@pytest.fixture
async def clinical(
    time_skipping: WorkflowEnvironment, request: pytest.FixtureRequest
) -> AsyncIterator[Clinical]:
    """Real sessions in time that skips."""
    async with at_work(time_skipping, request, REAL) as engine:
        yield engine


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the strict sandbox loads anew is not prepared for counting branches once more: that
    takes longer than a workflow task may. The same modules are counted outside it."""
    counting = [one for one in sys.meta_path if type(one).__module__.startswith("slipcover")]
    monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if one not in counting])


@pytest.fixture
def impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is known to be away after a moment instead of twenty seconds. The moment is longer
    than a write to a record that is there takes, also where every task replays the whole day."""
    patience = timedelta(seconds=1 if cached(request) else 5)
    monkeypatch.setattr("workflows.recorder.RECORDS_PATIENCE", patience)


@pytest.fixture
async def skipping(
    time_skipping: WorkflowEnvironment, request: pytest.FixtureRequest
) -> AsyncIterator[Clinical]:
    """A journey whose treatment days are stood in for, in time that skips."""
    async with at_work(time_skipping, request, STOOD_IN) as engine:
        yield engine


@pytest.fixture
async def journeys(
    real_server: WorkflowEnvironment, request: pytest.FixtureRequest
) -> AsyncIterator[Clinical]:
    """Journeys whose treatment days are stood in for, on the real server."""
    async with at_work(real_server, request, STOOD_IN) as engine:
        yield engine


@pytest.fixture
async def whole(
    real_server: WorkflowEnvironment, request: pytest.FixtureRequest
) -> AsyncIterator[Clinical]:
    """Journeys with their real sessions, on the real server."""
    async with at_work(real_server, request, REAL) as engine:
        yield engine


@pytest.fixture
async def shelves(
    time_skipping: WorkflowEnvironment, pool: asyncpg.Pool, request: pytest.FixtureRequest
) -> AsyncIterator["Shelves"]:
    """The north clinic's drug cabinet, open, beside its log."""
    from tests.workflows.cabinets import shelves_at_work

    async with shelves_at_work(time_skipping, pool, cached=cached(request)) as at_work:
        await at_work.open()
        yield at_work
