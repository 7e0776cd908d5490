"""The way to the engine, on the real development server and the time-skipping one."""

import asyncio
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.contextvars import get_contextvars
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    ListSearchAttributesRequest,
    ListSearchAttributesResponse,
)
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    ExecuteWorkflowInput,
    Replayer,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowInterceptorClassInput,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from runtime.interceptors import OneEnvelope
from runtime.keys import KeyRing
from runtime.names import ATTENTION, JOURNEY_PHASE, SEARCH_ATTRIBUTES
from runtime.settings import Settings
from runtime.temporal import (
    connect,
    data_converter,
    ensure_search_attributes,
    interceptors,
    sdk_runtime,
    worker_options,
    workflow_runner,
)
from runtime.visibility import RunStatus, describe_status, list_runs
from tests.fixtures_temporal import free_port, start_server, stop_server, temporal_command
from tests.runtime.canary import QUEUE, Canary, Echo, Words

pytestmark = [pytest.mark.stack]


async def registered(client: Client) -> set[str]:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="default")
    )
    return set(listed.custom_attributes)


OURS = {key.name for key in SEARCH_ATTRIBUTES}


async def test_search_attributes_are_registered_once_however_many_try(settings: Settings) -> None:
    client = await connect(settings)

    await asyncio.gather(*(ensure_search_attributes(client) for _ in range(4)))
    await ensure_search_attributes(client)

    assert await registered(client) >= OURS


async def test_the_time_skipping_server_takes_them_too(settings: Settings) -> None:
    server = Path(sys.executable).with_name("temporal-test-server")
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(server), runtime=sdk_runtime(settings)
    ) as env:
        await ensure_search_attributes(env.client)
        await ensure_search_attributes(env.client)

        handle = await env.client.start_workflow(
            "Canary", id="journey-a", task_queue="nobody",
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(JOURNEY_PHASE, "CONSENT"),
                    SearchAttributePair(ATTENTION, True),
                ]
            ),
        )  # fmt: skip
        assert await describe_status(env.client, handle.id) is RunStatus.RUNNING


async def test_a_search_attribute_of_another_type_is_left_to_a_person() -> None:
    class Operator:
        async def list_search_attributes(
            self, _: object, **__: object
        ) -> ListSearchAttributesResponse:
            return ListSearchAttributesResponse(
                custom_attributes={"Attention": IndexedValueType.INDEXED_VALUE_TYPE_TEXT}
            )

    class Server:
        namespace = "default"
        operator_service = Operator()

    with pytest.raises(RuntimeError, match="Attention"):
        await ensure_search_attributes(cast(Client, Server()))


async def test_a_server_that_is_away_is_waited_for_only_when_asked(settings: Settings) -> None:
    nobody = settings.model_copy(update={"temporal_address": f"127.0.0.1:{free_port()}"})

    with pytest.raises(RuntimeError):
        await connect(nobody)


async def test_a_server_that_is_still_starting_is_waited_for(
    settings: Settings, tmp_path: Path
) -> None:
    port = free_port()
    late = settings.model_copy(update={"temporal_address": f"127.0.0.1:{port}"})
    waiting = asyncio.create_task(connect(late, wait_s=60))
    await asyncio.sleep(0)

    server = start_server(tmp_path / "server.log", port)
    try:
        client = await waiting
        assert await client.service_client.check_health()
    finally:
        await asyncio.to_thread(stop_server, server)


async def test_what_is_logged_during_a_call_carries_the_workflow_id(settings: Settings) -> None:
    bound: list[dict[str, object]] = []

    class Inner(OutboundInterceptor):
        async def start_workflow(
            self,
            input: StartWorkflowInput,  # noqa: A002 the SDK's name
        ) -> WorkflowHandle[Any, Any]:
            bound.append(get_contextvars())
            return await super().start_workflow(input)

        async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002 the SDK's
            bound.append(get_contextvars())
            await super().signal_workflow(input)

    class Listening(Interceptor):
        def intercept_client(
            self,
            next: OutboundInterceptor,  # noqa: A002 the SDK's name
        ) -> OutboundInterceptor:
            return Inner(next)

    client = await connect(settings, more_interceptors=[Listening()])
    workflow_id = f"journey-{uuid.uuid4().hex}"
    handle = await client.start_workflow(
        Canary.run, Words(text="x"), id=workflow_id, task_queue="nobody"
    )
    await handle.signal("hear", "words")
    await handle.terminate("done")

    assert bound == [
        {"workflow_id": workflow_id, "workflow_type": "Canary"},
        {"workflow_id": workflow_id, "signal": "hear"},
    ]
    assert get_contextvars() == {}


def test_the_strict_sandbox_watches_decisions_and_story_and_the_common_one_shares_them() -> None:
    strict = workflow_runner(strict=True).restrictions.passthrough_modules
    common = workflow_runner().restrictions.passthrough_modules

    assert {"pydantic", "schemas", "activities", "runtime.names"} <= strict
    assert not {"clinical", "workflows", "runtime"} & strict
    assert common - strict == {"clinical", "workflows"}


async def test_the_identity_names_the_process_and_not_the_host(settings: Settings) -> None:
    client = await connect(settings, identity="records")

    assert client.identity.startswith("records-")
    assert "@" not in client.identity


async def test_a_paused_journey_is_described_and_listed(settings: Settings) -> None:
    client = await connect(settings)
    workflow_id = f"journey-{uuid.uuid4().hex}"
    handle = await client.start_workflow(
        Canary.run, Words(text="x", hop=2), id=workflow_id, task_queue="nobody"
    )
    assert await describe_status(client, workflow_id) is RunStatus.RUNNING

    await asyncio.to_thread(
        subprocess.run,
        [
            temporal_command(), "workflow", "pause", "--address", settings.temporal_address,
            "--workflow-id", workflow_id, "--reason", "test",
        ],
        check=True, capture_output=True,
    )  # fmt: skip

    assert await describe_status(client, workflow_id) is RunStatus.PAUSED
    async with asyncio.timeout(60):
        while True:
            found = [run async for run in list_runs(client, f"WorkflowId = '{workflow_id}'")]
            if [run.status for run in found] == [RunStatus.PAUSED]:
                break
            await asyncio.sleep(0.1)
    assert (found[0].workflow_id, found[0].workflow_type) == (workflow_id, "Canary")
    await handle.terminate("done")
    assert await describe_status(client, workflow_id) is RunStatus.TERMINATED


async def test_a_journey_nobody_knows_is_not_found(settings: Settings) -> None:
    client = await connect(settings)

    assert await describe_status(client, "journey-nobody") is RunStatus.NOT_FOUND


async def test_a_sealed_history_replays_with_the_same_parts(settings: Settings) -> None:
    client = await connect(settings)
    await ensure_search_attributes(client)
    workflow_id = f"journey-{uuid.uuid4().hex}"
    options = worker_options(settings)
    options["max_cached_workflows"] = 0
    async with Worker(client, task_queue=QUEUE + "-replay", workflows=[Canary, Echo], **options):
        handle = await client.start_workflow(
            Canary.run, Words(text="x", hop=2), id=workflow_id, task_queue=QUEUE + "-replay"
        )
        await handle.signal("hear", args=[Words(text="go"), Words(text="too much")])
        result = await handle.result()
    history = await handle.fetch_history()

    assert result.text == "x result"
    replayed = await Replayer(
        workflows=[Canary, Echo],
        data_converter=client.data_converter,
        interceptors=interceptors(),
        workflow_runner=workflow_runner(),
        runtime=sdk_runtime(settings),
    ).replay_workflow(history)
    assert replayed.replay_failure is None


async def caught_details(settings: Settings) -> WorkflowInstanceDetails:
    """What the library tells a sandbox of the canary."""
    caught: list[WorkflowInstanceDetails] = []

    class Catching(SandboxedWorkflowRunner):
        def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
            caught.append(det)
            return super().create_instance(det)

    Worker(
        await connect(settings), task_queue=QUEUE, workflows=[Canary], workflow_runner=Catching()
    )
    return caught[0]


async def test_whose_a_payload_is_is_answered_without_putting_up_the_sandbox(
    settings: Settings,
) -> None:
    """Read from the library's own books: another version of it may keep them otherwise."""
    instance: Any = workflow_runner().create_instance(await caught_details(settings))

    for question in ("get_serialization_context", "get_external_store_context"):
        answer = getattr(instance, question)
        assert answer.__self__ is not instance, f"{question} goes through the sandbox again"


async def test_a_sleeping_run_holds_no_part_of_the_message_it_began_with(
    settings: Settings,
) -> None:
    class Innermost(WorkflowInboundInterceptor):
        def __init__(self) -> None:
            pass

        async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 the SDK's name
            return input.headers

    message = InitializeWorkflow(headers={"trace": Payload(data=b"1")})
    message.last_completion_result.payloads.append(Payload(data=b"from the run before"))
    details = await caught_details(settings)
    told = replace(details, last_completion_result=message.last_completion_result)

    instance: Any = workflow_runner().create_instance(told)
    kept = instance.instance_details.last_completion_result
    trim = OneEnvelope().workflow_interceptor_class(WorkflowInterceptorClassInput({}))(Innermost())
    headers = await trim.execute_workflow(
        ExecuteWorkflowInput(type=Canary, run_fn=Canary.run, args=[], headers=message.headers)
    )

    assert kept == message.last_completion_result
    assert kept is not message.last_completion_result
    assert type(headers) is dict
    assert headers == {"trace": Payload(data=b"1")}


async def test_one_runtime_serves_the_whole_process(settings: Settings) -> None:
    assert sdk_runtime(settings) is sdk_runtime(settings.model_copy())


def test_failures_are_sealed_with_everything_else(settings: Settings) -> None:
    converter = data_converter(KeyRing.in_memory(), "default")
    assert converter.payload_codec is not None
    assert "Encoded" in converter.failure_converter_class.__name__
