"""A canary goes through every path of the engine; nobody without the key finds it."""

import uuid
from collections.abc import AsyncIterator

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.worker import Worker

from runtime.settings import Settings
from runtime.temporal import connect, ensure_search_attributes, worker_options
from tests.runtime.canary import CANARY, QUEUE, Canary, Echo, Words, sleep_on_it, speak, stumble

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
        activities=[speak, stumble, sleep_on_it],
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


async def test_a_canary_in_every_field_is_not_found_in_the_history(
    client: Client, worker: None, settings: Settings
) -> None:
    plain = await Client.connect(settings.temporal_address)
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
    await handle.signal(Canary.hear, Words(text=CANARY))
    assert (await handle.execute_update(Canary.tell, Words(text=CANARY))).text == CANARY
    for words in ("fail", "reject"):
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await handle.execute_update(Canary.tell, Words(text=f"{CANARY} {words}"))
        assert CANARY in str(failed.value.cause)
    assert CANARY in str(await handle.query(Canary.state))
    await handle.execute_update(Canary.tell, Words(text=f"{CANARY} go"))
    assert (await handle.result()).text == f"{CANARY} result"
    assert (await (await handle.describe()).memo())["note"] == f"{CANARY} memo"
    failing = await client.start_workflow(
        Echo.run, Words(text=CANARY, hop=1), id=workflow_id + "-failing", task_queue=QUEUE
    )
    with pytest.raises(WorkflowFailureError) as whole:
        await failing.result()
    assert CANARY in str(whole.value.cause)
    held = await raw_events(plain, workflow_id)

    await other.terminate("done")
    assert len(held) > 60
    assert [piece for piece in held if CANARY.encode() in piece] == []
