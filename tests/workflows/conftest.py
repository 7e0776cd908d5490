"""Workflows at work for a test: our converter, our sandbox, a hand-written outside.

Two servers. The real development server, with the training clock, for all that has sessions; the
time-skipping server for whole courses, and for deadlines in time that truly passes. Of the latter:
its one clock knows one journey at a time; a query to a workflow that has closed hangs; and it loses
a run that cancels a timer which fired meanwhile, for which its workers have a care of their own
(`fired_timers.py`). A sleep over the moment at which a real session closes itself was seen not to
return. So no test of a journey with real sessions runs on it, and nothing there is asked once it
closed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.appointments import AppointmentsActivities
from clinical.standard_protocol import standard_protocol
from runtime.keys import KeyRing
from runtime.names import INTEGRATIONS, JOURNEYS, NOTIFICATIONS, RECORDS
from runtime.temporal import data_converter, ensure_search_attributes, interceptors
from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces
from schemas.approval import DecideApproval, PendingApproval
from schemas.base import Command, Role
from schemas.drug_cabinet import Exposure, LotBook, LotRequest, LotStanding, StockRequest
from schemas.event import Appended, AppendEvents, EventKind, Fact
from schemas.health_record import Letter, LetterReceipt
from schemas.infusion import SessionResult, SessionView
from schemas.journal import WriteJournal
from schemas.journey import ClockAdvanced, JourneyInput, JourneyState, JourneyView
from schemas.notification import Delivery, DeliveryStatus, Notification, SendNotifications
from schemas.protocol import Clinic
from schemas.safety_program import FaxForm, FormReceipt
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.activities.clinic_book import ClinicBook
from tests.activities.people_book import PeopleBook, Strangers
from tests.workflows.fired_timers import runners
from tests.workflows.stand_in import StandInInfusion, StandInSpray
from workflows.drug_cabinet import DrugCabinet
from workflows.infusion_session import InfusionSession
from workflows.journey import PatientJourney
from workflows.nasal_spray_session import NasalSpraySession

NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(6), ("08:00", "18:00")),
    spray_certified=True,
    after_hours_phone="+1-212-555-0142",
)

ANSWER_WITHIN = timedelta(seconds=0.3)
TAKEN_WITHIN = timedelta(seconds=1)
TRIES = 10
"""The first wait; each further try waits half as long again, on a busy machine up to 8 and 26 s."""
MORE_PATIENT = 1.5
LOOK_AGAIN_S = 0.005
RING = KeyRing.in_memory()
"""One for all tests: what one of them leaves on the shared server the next can still read."""


StandIns = Callable[[str], Awaitable[SessionResult | None]]
"""What a stand-in day ended with; None for one that has not ended, or not by itself."""


class Outside:
    """What the activities reach, in memory: the same facts once, the same messages once."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[int, Fact]] = {}
        self.letters: dict[str, Letter] = {}
        self.faxes: dict[str, FaxForm] = {}
        self.sent: list[Notification] = []
        self.batches: list[AppendEvents] = []
        self.away = False
        self.results: dict[str, SessionResult] = {}
        self.stand_ins: StandIns | None = None
        self.books: tuple[LotBook, ...] = ()
        self.standings: dict[str, LotStanding] = {}
        self.book = ClinicBook()
        self.people: PeopleBook = Strangers()

    @activity.defn(name="append_events")
    async def append_events(self, batch: AppendEvents) -> Appended:
        if self.away:
            raise RuntimeError("the record is away")
        self.batches.append(batch)
        kept = self.facts.setdefault(batch.workflow_id, {})
        for fact in batch.facts:
            assert kept.setdefault(fact.sequence, fact) == fact, "a fact changed under its number"
        assert sorted(kept) == list(range(1, len(kept) + 1)), "the record has a gap"
        return Appended(last_sequence=max(kept), matches=await self.people.hear(batch))

    @activity.defn(name="session_result")
    async def session_result(self, session_id: str) -> SessionResult | None:
        """As the record reads it: from the session's own last fact. A stand-in day writes none:
        it is asked what it ended with."""
        kept = self.facts.get(session_id, {})
        told = [kept[n].data["result"] for n in sorted(kept) if "result" in kept[n].data]
        found = SessionResult.model_validate(told[-1]) if told else None
        if found is None and self.stand_ins is not None:
            found = await self.stand_ins(session_id)
        return self.results.get(session_id, found)

    @activity.defn(name="read_stock")
    async def read_stock(self, asked: StockRequest) -> tuple[LotBook, ...]:
        return tuple(book for book in self.books if asked.lot in (None, book.lot))

    @activity.defn(name="exposed_to_lot")
    async def exposed_to_lot(self, asked: LotRequest) -> Exposure:
        return Exposure()

    @activity.defn(name="lot_standing")
    async def lot_standing(self, asked: LotRequest) -> LotStanding:
        return self.standings.get(asked.lot, LotStanding(usable=True))

    @activity.defn(name="send_notifications")
    async def send_notifications(self, batch: SendNotifications) -> tuple[Delivery, ...]:
        self.sent.extend(batch.notifications)
        return tuple(
            Delivery(occurrence=n.occurrence, status=DeliveryStatus.SENT)
            for n in batch.notifications
        )

    @activity.defn(name="file_letter")
    async def file_letter(self, letter: Letter) -> LetterReceipt:
        self.letters.setdefault(letter.letter_id, letter)
        return LetterReceipt(letter_id=letter.letter_id, reference=f"filed-{len(self.letters)}")

    @activity.defn(name="fax_monitoring_form")
    async def fax_monitoring_form(self, form: FaxForm) -> FormReceipt:
        if self.away:
            raise ApplicationError("no line", type="NoFaxLine", non_retryable=True)
        self.faxes.setdefault(form.form_id, form)
        return FormReceipt(receipt=f"fax-{len(self.faxes)}")

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        return await self.people.claim(wish) or await self.book.reserve(wish)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        return await self.book.confirm(asked)

    async def release(self, asked: ReleasePlaces) -> None:
        await self.book.release(asked)

    def kinds(self, workflow_id: str) -> list[str]:
        """The facts of one workflow, in order, by name."""
        kept = self.facts.get(workflow_id, {})
        return [kept[n].kind.value for n in sorted(kept)]


class Waits(BaseModel):
    """What waits on people, of a journey's state or of a session's."""

    pending_approvals: tuple[PendingApproval, ...] = ()


class Refused(Exception):  # noqa: N818 - what a person reads
    """A command was refused; `codes` are the reasons' codes."""

    def __init__(self, error: WorkflowUpdateFailedError) -> None:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        assert cause.type == "Refused", cause
        self.codes = [reason["code"] for reason in cause.details[0]]
        super().__init__(f"{cause.details[0]}")


class WorkflowDoor:
    """The staff's door straight to the workflows; time passes by the training clock. `patient`:
    each command waits until the workflow has nothing under way, so that none meets its turn to a
    new run."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.patient = False

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        """A query reads ahead: it sees what the next workflow task has yet to hear. A decision
        on what it showed may come before that, and is then sent again."""
        for _ in range(TRIES):
            try:
                return await self._send(workflow_id, kind, command)
            except Refused as refused:
                if refused.codes != ["unknown_approval"] or not await self._shown(command):
                    raise
            await self.settle()
        return await self._send(workflow_id, kind, command)

    async def _send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        """The time-skipping server loses an update that a turn to a new run overtook, or calls the
        workflow completed: it is sent again, and counts once."""
        if self.patient:
            await self._quiet(workflow_id)
        for tried in range(TRIES):
            try:
                answer: dict[str, Any] = await self._handle(workflow_id).execute_update(
                    kind,
                    command,
                    id=f"{kind}-{command.command_id}",
                    result_type=dict[str, Any],
                    rpc_timeout=TAKEN_WITHIN * MORE_PATIENT**tried,
                )
            except WorkflowUpdateFailedError as error:
                raise Refused(error) from None
            except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
                other = isinstance(error, RPCError) and error.status is not RPCStatusCode.NOT_FOUND
                if other or tried == TRIES - 1:
                    raise
                await asyncio.sleep(LOOK_AGAIN_S * MORE_PATIENT**tried)
            else:
                return answer
        raise AssertionError("the last try answers or raises")

    async def _quiet(self, workflow_id: str) -> None:
        """Wait until the server knows of no activity and no task of this workflow, or for long."""
        for _ in range(100):
            seen = (await self._handle(workflow_id).describe()).raw_description
            if not seen.pending_activities and not seen.HasField("pending_workflow_task"):
                return
            await self.settle()

    async def _shown(self, command: Command) -> bool:
        """Whether the workflow shows what this command decides as waiting."""
        if not isinstance(command, DecideApproval):
            return False
        waits = await self._ask(command.approval_id.split("~")[0], Waits)
        return any(a.approval_id == command.approval_id for a in waits.pending_approvals)

    async def journey(self, workflow_id: str) -> JourneyView:
        view: JourneyView = await self._ask(workflow_id, JourneyView)
        return view

    async def session(self, session_id: str) -> SessionView:
        view: SessionView = await self._ask(session_id, SessionView)
        return view

    async def _ask(self, workflow_id: str, shape: type) -> Any:
        """The time-skipping server never answers a query that a turn to a new run overtook:
        ask again."""
        for tried in range(TRIES - 1):
            with suppress(RPCError):
                return await self._handle(workflow_id).query(
                    "state", result_type=shape, rpc_timeout=ANSWER_WITHIN * MORE_PATIENT**tried
                )
        return await self._handle(workflow_id).query("state", result_type=shape)

    async def until(self, workflow_id: str, moment: datetime) -> None:
        jump = ClockAdvanced(command_id=uuid4().hex, to=moment)
        journey_id = workflow_id.split("-infusion-", maxsplit=1)[0].split("-spray-", maxsplit=1)[0]
        await self._handle(journey_id).signal("clock_advanced", jump)
        look = self.journey if workflow_id == journey_id else self.session
        for _ in range(200):
            if (await look(workflow_id)).now >= moment:
                return
            await self.settle()
        raise AssertionError("the clinical clock did not move")

    async def settle(self) -> None:
        await asyncio.sleep(LOOK_AGAIN_S)

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id)


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

    async def filed(self, staff: Staff) -> list[Letter]:
        """The letters of one journey once every one that it owes is filed."""
        for _ in range(200):
            mine = [n for n in self.outside.letters.values() if n.journey_id == staff.journey_id]
            told = [f for f in await self.facts(staff) if f.kind is EventKind.LETTER_FILED]
            if mine and len(told) == len(mine):
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
    async with (
        Worker(
            env.client,
            task_queue=JOURNEYS,
            workflows=workflows,
            max_cached_workflows=cached,
            sticky_queue_schedule_to_start_timeout=missed_after,
            **runners(env, strict=strict),
        ),
        Worker(
            env.client,
            task_queue=RECORDS,
            activities=[
                *(outside.append_events, outside.session_result),
                *(outside.read_stock, outside.exposed_to_lot, outside.lot_standing),
                *(appointments.reserve_places, appointments.confirm_places),
                appointments.release_places,
            ],
        ),
        Worker(env.client, task_queue=NOTIFICATIONS, activities=[outside.send_notifications]),
        Worker(
            env.client,
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


@asynccontextmanager
async def skipped_time() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own whose clock skips while nothing happens."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=time_skipping_server(),
        data_converter=data_converter(RING, "default", accept_plain=True),
        interceptors=[*interceptors()],
    )
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
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is known to be away after a moment instead of twenty seconds."""
    monkeypatch.setattr("workflows.recorder.RECORDS_PATIENCE", timedelta(seconds=0.4))


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
