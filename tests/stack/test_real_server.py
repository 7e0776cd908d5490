"""One journey on a real Temporal server and a real PostgreSQL, looked at and spoken to with the
stock command line, to the end of its first treatment day.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.appointments import AppointmentsActivities
from activities.notifications import NotificationsActivities
from activities.records import RecordsActivities
from gateways.messages import MessageTemplates
from gateways.sms import NoSmsProvider
from records.appointments import AppointmentStore
from records.deliveries import DeliveryStore
from records.store import RecordStore
from runtime.keys import KeyRing
from runtime.names import INTEGRATIONS, JOURNEYS, NOTIFICATIONS, RECORDS
from runtime.temporal import data_converter, ensure_search_attributes, interceptors, workflow_runner
from schemas.base import Actor, Role
from schemas.infusion import SessionPhase
from schemas.journey import JourneyInput, Phase
from schemas.notification import Acceptance, Message, SendResult
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.fixtures_temporal import temporal_command
from tests.workflows.conftest import NORTH, a_journey
from tests.workflows.doors import WorkflowDoor
from tests.workflows.outside import Outside
from workflows.infusion_session import InfusionSession
from workflows.journey import PatientJourney
from workflows.nasal_spray_session import NasalSpraySession

pytestmark = pytest.mark.stack

INBOXES = {role.value: f"{role.value}@north.example" for role in STAFF}


class Post:
    """A mail server in memory that takes everything."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, message: Message) -> SendResult:
        self.sent.append(message)
        return SendResult(acceptance=Acceptance.ACCEPTED, provider_id=message.message_id)


class Engine:
    """The engine at work on real servers, and the stock command line beside it."""

    def __init__(self, address: str, client: Client, pool: asyncpg.Pool, post: Post) -> None:
        self.address = address
        self.client = client
        self.pool = pool
        self.post = post

    async def refer(self) -> Staff:
        journey_id = f"journey-{uuid4().hex[:26]}"
        state = a_journey(journey_id, clinic=NORTH.model_copy(update={"inboxes": INBOXES}))
        await self.client.start_workflow(
            "PatientJourney", JourneyInput(state=state), id=journey_id, task_queue=JOURNEYS
        )
        return Staff(WorkflowDoor(self.client), journey_id)

    async def stock(self, *words: str) -> Any:
        """The stock `temporal` command line; its answer as JSON."""
        process = await asyncio.create_subprocess_exec(
            temporal_command(),
            *words,
            "--address",
            self.address,
            "--output",
            "json",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return json.loads(out) if out.strip() else None

    async def found(self, query: str) -> list[str]:
        """Workflow ids that `temporal workflow list` shows."""
        listed = await self.stock("workflow", "list", "--query", query)
        return [run["execution"]["workflowId"] for run in listed or ()]

    async def finds(self, workflow_id: str, query: str) -> None:
        """Visibility is told a moment after the workflow."""
        for _ in range(600):
            if workflow_id in await self.found(query):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not listed by {query}")


@pytest.fixture
async def engine(temporal_server: str, pool: asyncpg.Pool) -> AsyncIterator[Engine]:
    client = await Client.connect(
        temporal_server,
        data_converter=data_converter(KeyRing.in_memory(), "default", accept_plain=True),
        interceptors=[*interceptors()],
    )
    await ensure_search_attributes(client)
    records = RecordsActivities(RecordStore(pool))
    book = AppointmentsActivities(AppointmentStore(pool))
    post = Post()
    messages = NotificationsActivities(
        DeliveryStore(pool), post, NoSmsProvider(), MessageTemplates("http://console.example")
    )
    async with (
        Worker(
            client,
            task_queue=JOURNEYS,
            workflows=[PatientJourney, InfusionSession, NasalSpraySession],
            workflow_runner=workflow_runner(),
        ),
        Worker(
            client,
            task_queue=RECORDS,
            activities=[
                *(records.append_events, records.session_result),
                *(book.reserve_places, book.confirm_places, book.release_places),
            ],
        ),
        Worker(client, task_queue=NOTIFICATIONS, activities=[messages.send_notifications]),
        Worker(client, task_queue=INTEGRATIONS, activities=[Outside().file_letter]),
    ):
        yield Engine(temporal_server, client, pool, post)


async def decided_by_signal(engine: Engine, staff: Staff, kind: str) -> None:
    """Everybody that an approval needs decides by the stock command line, in plain JSON."""
    pending = await staff.pending(kind)
    for role in pending.still_needed:
        before = (await staff.door.journey(staff.journey_id)).version
        words = ("workflow", "signal", "--name", "approval_decided")
        payload = decision(pending.approval_id, STAFF[role])
        await engine.stock(*words, "--workflow-id", staff.journey_id, "--input", payload)
        await staff.wait(lambda v, before=before: v.version > before)


async def decided_by_update(engine: Engine, approval_id: str) -> None:
    words = ("workflow", "update", "execute", "--name", "decide_approval")
    payload = decision(approval_id, STAFF[Role.CARE_COORDINATOR])
    journey_id = approval_id.split("~", maxsplit=1)[0]
    await engine.stock(*words, "--workflow-id", journey_id, "--input", payload)


def decision(approval_id: str, actor: Actor) -> str:
    return json.dumps(
        {
            "command_id": f"stock-{uuid4().hex}",
            "approval_id": approval_id,
            "decision": "approve",
            "actor": {"id": actor.id, "role": actor.role.value},
            "reason": "seen and considered",
        }
    )


async def test_a_journey_on_real_servers_to_the_end_of_its_first_day(engine: Engine) -> None:
    staff = await engine.refer()
    journey = f"WorkflowId = '{staff.journey_id}'"

    # Decided by signal, and by update, with nothing but the stock command line.
    await decided_by_signal(engine, staff, "referral_triage")
    await staff.evaluate()
    await engine.finds(staff.journey_id, f"{journey} AND JourneyPhase = 'MED_SCREEN'")
    await engine.finds(staff.journey_id, f"{journey} AND AwaitingRole = 'medical_screener'")
    await staff.screen()
    await staff.sign()
    await decided_by_signal(engine, staff, "treatment_clearance")
    start = await staff.pending("series_start")
    # Its answer is sealed: without the codec routes the command line cannot print it.
    with pytest.raises(AssertionError, match="binary/encrypted"):
        await decided_by_update(engine, start.approval_id)
    await staff.reach(Phase.INFUSION_SERIES)

    day = await staff.booked()
    version = (await staff.door.journey(staff.journey_id)).protocol_version
    await engine.finds(day.session_id, f"WorkflowId = '{day.session_id}' AND SessionNumber = 1")
    for query in (
        "JourneyPhase = 'INFUSION_SERIES'",
        "ClinicCode = 'north'",
        f"ProtocolVersion = '{version}'",
        # The way home is to be arranged, and before some days the programme to be queried again.
        "AwaitingRole IN ('care_coordinator', 'prescriber')",
    ):
        await engine.finds(staff.journey_id, f"{journey} AND {query}")

    await staff.treat()
    view = await staff.wait(lambda v: bool(v.sessions) and v.unrecorded == 0 and v.unsent == 0)
    assert [s.phase for s in view.sessions] == [SessionPhase.DISCHARGED]
    await on_record(engine, staff.journey_id, view.facts)
    await on_record(engine, day.session_id, None)
    await in_the_drug_log(engine, day.session_id)
    assert len({m.message_id for m in engine.post.sent}) == len(engine.post.sent) > 0


async def on_record(engine: Engine, workflow_id: str, facts: int | None) -> None:
    """The record in PostgreSQL counts what the workflow counted, without gap or repetition."""
    rows = await engine.pool.fetch(
        "SELECT sequence, kind FROM journey_events WHERE workflow_id = $1 ORDER BY sequence",
        workflow_id,
    )
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    if facts is not None:
        assert len(rows) == facts
    else:
        assert rows[-1]["kind"] == "Discharged"


async def in_the_drug_log(engine: Engine, session_id: str) -> None:
    """What the day drew and gave, a line each, and nothing of it left over."""
    rows = await engine.pool.fetch(
        "SELECT movement, amount_mg, training FROM stock_lines WHERE session_id = $1 ORDER BY id",
        session_id,
    )
    assert [row["movement"] for row in rows][:2] == ["drawn", "administered"]
    assert rows[0]["amount_mg"] == sum(row["amount_mg"] for row in rows[1:])
    assert all(row["training"] for row in rows)


async def test_an_update_from_the_stock_command_line_is_refused_by_the_same_rules(
    engine: Engine,
) -> None:
    staff = await engine.refer()
    await staff.pending("referral_triage")

    with pytest.raises(AssertionError, match="type: Refused"):
        await decided_by_update(engine, f"{staff.journey_id}~referral_triage~9")

    view = await staff.door.journey(staff.journey_id)
    assert view.version == 0
