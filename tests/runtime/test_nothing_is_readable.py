"""A canary goes through every path of the engine; nobody without the key finds it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import WorkflowSerializationContext
from temporalio.worker import Worker

from runtime.keys import KeyRing
from runtime.settings import Settings
from runtime.temporal import connect, ensure_search_attributes, sdk_runtime, worker_options
from tests.runtime.canary import (
    CANARY,
    QUEUE,
    Canary,
    Echo,
    Words,
    forget,
    sleep_on_it,
    speak,
    stumble,
)

pytestmark = [pytest.mark.stack]


@pytest.fixture
async def client(settings: Settings) -> Client:
    client = await connect(settings, wait_s=10)
    await ensure_search_attributes(client)
    return client


@pytest.fixture
async def worker(client: Client, settings: Settings) -> AsyncIterator[None]:
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[Canary, Echo],
        activities=[speak, stumble, forget, sleep_on_it],
        **worker_options(settings),
    ):
        yield


async def raw_events(client: Client, workflow_id: str) -> list[bytes]:
    """Every run's history, memo, details and visibility row, as the server holds them."""
    found: list[bytes] = []
    listed = await client.workflow_service.list_workflow_executions(
        ListWorkflowExecutionsRequest(
            namespace="default", query=f"WorkflowId STARTS_WITH '{workflow_id}'"
        )
    )
    for execution in listed.executions:
        found.append(execution.SerializeToString())
        described = await client.workflow_service.describe_workflow_execution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=execution.execution)
        )
        found.append(described.SerializeToString())
        history = await client.workflow_service.get_workflow_execution_history(
            GetWorkflowExecutionHistoryRequest(namespace="default", execution=execution.execution)
        )
        found += [event.SerializeToString() for event in history.history.events]
    return found


async def without_keys(settings: Settings) -> Client:
    """A client of somebody who may reach the server, but holds no key."""
    return await Client.connect(
        settings.temporal_address,
        data_converter=pydantic_data_converter,
        runtime=sdk_runtime(settings),
    )


async def sealed_for(client: Client, workflow_id: str) -> Payload:
    """Words as a client of ours would seal them for that workflow."""
    converter = client.data_converter.with_context(
        WorkflowSerializationContext(namespace="default", workflow_id=workflow_id)
    )
    (payload,) = await converter.encode([Words(text="words")])
    return payload


async def until_a_task_failed(client: Client, workflow_id: str) -> None:
    """Return once the workflow's task has failed at least once."""
    handle = client.get_workflow_handle(workflow_id)
    async with asyncio.timeout(60):
        while True:
            async for event in handle.fetch_history_events():
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                    return
            await asyncio.sleep(0.1)


async def test_a_canary_in_every_field_is_not_found_in_the_history(
    client: Client, worker: None, settings: Settings
) -> None:
    plain = await without_keys(settings)
    workflow_id = f"journey-{uuid.uuid4().hex}"
    other = await client.start_workflow(
        Canary.run, Words(text=CANARY, hop=1), id=workflow_id + "-other", task_queue="nobody"
    )

    handle = await client.start_workflow(
        Canary.run,
        Words(text=CANARY),
        id=workflow_id,
        task_queue=QUEUE,
        memo={"note": f"{CANARY} memo"},
        static_summary=f"{CANARY} summary",
        static_details=f"{CANARY} details",
    )
    await handle.signal("hear", Words(text=CANARY))
    assert (
        await handle.execute_update("tell", Words(text=CANARY), result_type=Words)
    ).text == CANARY
    for words in ("fail", "reject"):
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await handle.execute_update("tell", Words(text=f"{CANARY} {words}"))
        assert CANARY in str(failed.value.cause)
    assert CANARY in str(await handle.query(Canary.state))
    await handle.execute_update("tell", Words(text=f"{CANARY} go"))
    assert (await handle.result()).text == f"{CANARY} result"
    assert (await (await handle.describe()).memo())["note"] == f"{CANARY} memo"
    failing = await client.start_workflow(
        Echo.run, Words(text=CANARY, hop=1), id=workflow_id + "-failing", task_queue=QUEUE
    )
    with pytest.raises(WorkflowFailureError) as whole:
        await failing.result()
    assert CANARY in str(whole.value.cause)
    session = client.get_workflow_handle(f"{workflow_id}-infusion-1")
    assert await (await session.describe()).static_summary() == f"{CANARY} summary"
    held = await raw_events(plain, workflow_id)

    await other.terminate("done")
    assert len(held) > 60
    assert [piece for piece in held if CANARY.encode() in piece] == []


async def test_a_forged_or_foreign_signal_is_dead_lettered_and_the_journey_goes_on(
    client: Client, worker: None, settings: Settings
) -> None:
    plain = await without_keys(settings)
    workflow_id = f"journey-{uuid.uuid4().hex}"
    handle = await client.start_workflow(
        Canary.run, Words(text="x", hop=2), id=workflow_id, task_queue=QUEUE
    )
    bare = plain.get_workflow_handle(workflow_id)
    foreign = await sealed_for(client, "journey-another")
    tampered = await sealed_for(client, workflow_id)
    tampered.data = tampered.data[:-1] + bytes([tampered.data[-1] ^ 1])
    invented = await sealed_for(client, workflow_id)
    invented.metadata["encryption-key-id"] = b"k9-00000000-0000000000000000"

    for forged in (foreign, tampered, invented):
        await bare.signal("hear", RawValue(forged))
    await bare.signal("hear", Words(text="in clear"))
    await bare.signal("hear")
    await handle.signal("hear", args=[Words(text="one"), Words(text="two"), Words(text="three")])

    heard, refused = await handle.query(Canary.state)
    assert heard == ["one"]
    assert refused == ["foreign", "tampered", "foreign", "plain", "empty"]
    await handle.terminate("done")


async def test_an_update_that_cannot_be_trusted_is_rejected_and_leaves_no_trace(
    client: Client, worker: None, settings: Settings
) -> None:
    workflow_id = f"journey-{uuid.uuid4().hex}"
    handle = await client.start_workflow(
        Canary.run, Words(text="x", hop=2), id=workflow_id, task_queue=QUEUE
    )
    bare = (await without_keys(settings)).get_workflow_handle(workflow_id)

    with pytest.raises(WorkflowUpdateFailedError):
        await bare.execute_update("tell", Words(text="go"))
    with pytest.raises(WorkflowUpdateFailedError):
        await bare.execute_update("tell", RawValue(await sealed_for(client, "journey-another")))

    assert await handle.query(Canary.state) == [[], []]
    await handle.terminate("done")


async def test_what_came_through_the_codec_routes_opens_in_the_journey(
    client: Client, worker: None, settings: Settings
) -> None:
    plain = await without_keys(settings)
    workflow_id = f"journey-{uuid.uuid4().hex}"
    handle = await client.start_workflow(
        Canary.run, Words(text="x", hop=2), id=workflow_id, task_queue=QUEUE
    )
    codec = client.data_converter.payload_codec
    assert codec is not None
    (words,) = client.data_converter.payload_converter.to_payloads([Words(text="by hand")])
    (sealed,) = await codec.encode([words])

    await plain.get_workflow_handle(workflow_id).signal("hear", RawValue(sealed))

    assert (await handle.query(Canary.state))[0] == ["by hand"]
    await handle.terminate("done")


async def test_a_missing_key_delays_a_journey_and_loses_nothing(
    settings: Settings, client: Client
) -> None:
    workflow_id = f"journey-{uuid.uuid4().hex}"
    path = settings.keys
    assert path is not None
    without = path.with_name("worker-keys.json")
    without.write_bytes(path.read_bytes())
    without.chmod(0o600)
    KeyRing.open(path).rotate()
    handle = await client.start_workflow(
        Canary.run,
        Words(text="late", hop=1),
        id=workflow_id,
        task_queue=QUEUE,
        task_timeout=timedelta(seconds=1),
    )
    behind = await connect(settings.model_copy(update={"keys": without}))
    async with Worker(
        behind, task_queue=QUEUE, workflows=[Canary, Echo], **worker_options(settings)
    ):
        await until_a_task_failed(client, workflow_id)
        without.write_bytes(path.read_bytes())

        result = await handle.result()

    assert result.text == "late result"
