"""Workflows in the time-skipping server: our converter, our sandbox, hand-written outside."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from clinical.standard_protocol import standard_protocol
from runtime.keys import KeyRing
from runtime.names import JOURNEYS, NOTIFICATIONS, RECORDS
from runtime.temporal import data_converter, ensure_search_attributes, interceptors, workflow_runner
from schemas.base import Command
from schemas.event import Appended, AppendEvents, Fact
from schemas.infusion import SessionResult, SessionView
from schemas.journey import ClockAdvanced, JourneyInput, JourneyState, JourneyView
from schemas.notification import Delivery, DeliveryStatus, Notification, SendNotifications
from schemas.protocol import Clinic
from simulator import papers
from simulator.staff import Staff
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


class Outside:
    """What the activities reach, in memory: the same facts once, the same messages once."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[int, Fact]] = {}
        self.sent: list[Notification] = []
        self.batches: list[AppendEvents] = []
        self.away = False

    @activity.defn(name="append_events")
    async def append_events(self, batch: AppendEvents) -> Appended:
        if self.away:
            raise RuntimeError("the record is away")
        self.batches.append(batch)
        kept = self.facts.setdefault(batch.workflow_id, {})
        for fact in batch.facts:
            assert kept.setdefault(fact.sequence, fact) == fact, "a fact changed under its number"
        assert sorted(kept) == list(range(1, len(kept) + 1)), "the record has a gap"
        return Appended(last_sequence=max(kept))

    @activity.defn(name="session_result")
    async def session_result(self, session_id: str) -> SessionResult | None:
        for fact in self.facts.get(session_id, {}).values():
            if "result" in fact.data:
                return SessionResult.model_validate(fact.data["result"])
        return None

    @activity.defn(name="send_notifications")
    async def send_notifications(self, batch: SendNotifications) -> tuple[Delivery, ...]:
        self.sent.extend(batch.notifications)
        return tuple(
            Delivery(occurrence=n.occurrence, status=DeliveryStatus.SENT)
            for n in batch.notifications
        )

    def kinds(self, workflow_id: str) -> list[str]:
        """The facts of one workflow, in order, by name."""
        kept = self.facts.get(workflow_id, {})
        return [kept[n].kind.value for n in sorted(kept)]


class Refused(Exception):  # noqa: N818 - what a person reads
    """A command was refused; `codes` are the reasons' codes."""

    def __init__(self, error: WorkflowUpdateFailedError) -> None:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        assert cause.type == "Refused", cause
        self.codes = [reason["code"] for reason in cause.details[0]]
        super().__init__(f"{cause.details[0]}")


class WorkflowDoor:
    """The staff's door straight to the workflows; time passes by the training clock."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await self._handle(workflow_id).execute_update(
                kind, command, id=f"{kind}-{command.command_id}", result_type=dict[str, Any]
            )
        except WorkflowUpdateFailedError as error:
            raise Refused(error) from None
        return answer

    async def journey(self, workflow_id: str) -> JourneyView:
        view: JourneyView = await self._handle(workflow_id).query("state", result_type=JourneyView)
        return view

    async def session(self, session_id: str) -> SessionView:
        view: SessionView = await self._handle(session_id).query("state", result_type=SessionView)
        return view

    async def until(self, workflow_id: str, moment: datetime) -> None:
        jump = ClockAdvanced(command_id=uuid4().hex, to=moment)
        journey_id = workflow_id.split("-infusion-")[0].split("-spray-")[0]
        await self._handle(journey_id).signal("clock_advanced", jump)
        look = self.journey if workflow_id == journey_id else self.session
        for _ in range(200):
            if (await look(workflow_id)).now >= moment:
                return
            await self.settle()
        raise AssertionError("the clinical clock did not move")

    async def settle(self) -> None:
        await asyncio.sleep(0.005)

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id)


class Clinical:
    """One running engine for a test: its client, its outside, its staff."""

    def __init__(self, env: WorkflowEnvironment, outside: Outside) -> None:
        self.env = env
        self.client: Client = env.client
        self.outside = outside
        self.door = WorkflowDoor(env.client)

    async def refer(self, **changes: Any) -> Staff:
        """A referral becomes a journey, and its staff."""
        journey_id = f"journey-{uuid4().hex[:26]}"
        await self.client.start_workflow(
            "PatientJourney",
            JourneyInput(state=a_journey(journey_id, **changes)),
            id=journey_id,
            task_queue=JOURNEYS,
        )
        return Staff(self.door, journey_id)

    def handle(self, staff: Staff) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(staff.journey_id)


def a_journey(journey_id: str, **changes: Any) -> JourneyState:
    """The state a journey starts from."""
    start: dict[str, Any] = {
        "journey_id": journey_id,
        "workflow_id": journey_id,
        "clinic": NORTH,
        "protocol": standard_protocol(),
        "training": True,
        "referral": papers.referral("R-1"),
        **changes,
    }
    return JourneyState(**start)


def time_skipping_server() -> str:
    return str(Path(sys.executable).with_name("temporal-test-server"))


@asynccontextmanager
async def serving(
    env: WorkflowEnvironment, outside: Outside, *, cached: int = 100
) -> AsyncIterator[None]:
    """Workers on the queues of the engine; the integrations queue has no work here."""
    async with (
        Worker(
            env.client,
            task_queue=JOURNEYS,
            workflows=[PatientJourney, InfusionSession, NasalSpraySession],
            workflow_runner=workflow_runner(),
            max_cached_workflows=cached,
        ),
        Worker(
            env.client,
            task_queue=RECORDS,
            activities=[outside.append_events, outside.session_result],
        ),
        Worker(env.client, task_queue=NOTIFICATIONS, activities=[outside.send_notifications]),
    ):
        yield


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server whose clock skips while nothing happens; one journey at a time on each."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=time_skipping_server(),
        data_converter=data_converter(KeyRing.in_memory(), "default", accept_plain=True),
        interceptors=[*interceptors()],
    )
    async with env:
        await ensure_search_attributes(env.client)
        yield env


@pytest.fixture
async def clinical(
    time_skipping: WorkflowEnvironment, request: pytest.FixtureRequest
) -> AsyncIterator[Clinical]:
    """The engine at work. `--uncached` replays every workflow task from its first event."""
    outside = Outside()
    cached = 0 if request.config.getoption("--uncached") else 100
    async with serving(time_skipping, outside, cached=cached):
        yield Clinical(time_skipping, outside)
