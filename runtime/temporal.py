"""The one way to the engine: converter, client, sandbox, search attributes, worker options.

Client, workers, server, replayer and tests all build on these, so that nothing is ever sealed,
bounded or logged in two ways.
"""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, TypedDict

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client, Interceptor
from temporalio.common import SearchAttributeKey, VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode, TLSConfig
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    WorkerDeploymentConfig,
    WorkflowInstance,
    WorkflowInstanceDetails,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from runtime.codec import SealingCodec
from runtime.interceptors import LogContext, OneEnvelope
from runtime.keys import KeyRing, open_keyring
from runtime.names import SEARCH_ATTRIBUTES
from runtime.settings import Settings, SettingsError, loopback

ALWAYS_PASSED_THROUGH = (
    *("pydantic", "pydantic_core", "schemas", "activities", "runtime.names"),
    # Compiled code that is loaded once a process; of it workflows only check signatures, which is
    # the same for the same bytes at any time.
    "cryptography",
)
OURS = ("clinical", "workflows")
"""Our own deterministic modules. Loading them again for each workflow costs ten times its memory
and time (docs/decisions: the sandbox), so workers share them; a stray clock call in them is caught
by a test that reads their source and by one that runs a journey in the strict sandbox."""


CONNECT_AGAIN_S = 0.25


class WorkerOptions(TypedDict):
    """What every worker is built with, besides its queue and its work."""

    workflow_runner: SandboxedWorkflowRunner
    max_cached_workflows: int
    sticky_queue_schedule_to_start_timeout: timedelta
    graceful_shutdown_timeout: timedelta
    workflow_task_poller_behavior: PollerBehaviorAutoscaling
    activity_task_poller_behavior: PollerBehaviorAutoscaling


_LEARNED = PydanticPayloadConverter()


class SharedConverter(PydanticPayloadConverter):
    """One that has learned every type, for the whole process: the library makes another for each
    payload that is sealed to its workflow, and each would learn them anew."""

    def __init__(self) -> None:
        self.converters = _LEARNED.converters


def data_converter(ring: KeyRing, namespace: str, accept_plain: bool = False) -> DataConverter:
    """Pydantic values, sealed payloads, sealed failure messages and stacks."""
    return DataConverter(
        payload_converter_class=SharedConverter,
        payload_codec=SealingCodec(ring, namespace, accept_plain=accept_plain),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def interceptors() -> tuple[LogContext, OneEnvelope]:
    """What client and workers share; given to the client, the workers take them from there."""
    return (LogContext(), OneEnvelope())


async def connect(
    settings: Settings,
    *,
    keyring: KeyRing | None = None,
    identity: str = "journey",
    wait_s: float = 0.0,
    more_interceptors: Sequence[Interceptor] = (),
) -> Client:
    """A client of the deployment's server. `identity` is shown in every history: name the
    process, never a person or a host. Waits up to `wait_s` seconds while the server starts;
    raises RuntimeError when it cannot be reached."""
    ring = keyring or open_keyring(settings)
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + wait_s
    while True:
        try:
            return await _connect_once(settings, ring, identity, more_interceptors)
        except RuntimeError:
            if clock() + CONNECT_AGAIN_S > give_up_at:
                raise
        await asyncio.sleep(CONNECT_AGAIN_S)


async def _connect_once(
    settings: Settings, ring: KeyRing, identity: str, more: Sequence[Interceptor]
) -> Client:
    key = settings.temporal_api_key
    near = loopback(settings.temporal_address)
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        api_key=key.get_secret_value() if key else None,
        tls=_tls(settings),
        data_converter=data_converter(
            ring, settings.temporal_namespace, settings.accept_plain_payloads
        ),
        interceptors=[*interceptors(), *more],
        identity=f"{identity}-{os.getpid()}",
        runtime=sdk_runtime(settings),
        # Sealed bytes do not shrink, and within one machine gzip only costs time.
        grpc_compression=GrpcCompression.NONE if near else GrpcCompression.GZIP,
    )


def _tls(settings: Settings) -> TLSConfig | bool:
    if not settings.temporal_tls:
        return False
    ca, cert, key = (
        path.read_bytes() if path else None
        for path in (
            settings.temporal_tls_ca,
            settings.temporal_tls_cert,
            settings.temporal_tls_key,
        )
    )
    return TLSConfig(
        server_root_ca_cert=ca,
        client_cert=cert,
        client_private_key=key,
        domain=settings.temporal_tls_server_name,
    )


def sdk_runtime(settings: Settings) -> Runtime:
    """The SDK's runtime, one a process: its logs go through our chain, metrics if asked for."""
    return _runtime(settings.metrics_bind, settings.log_level == "DEBUG")


@cache
def _runtime(metrics_bind: str | None, verbose: bool) -> Runtime:
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(
                filter=TelemetryFilter(
                    core_level="DEBUG" if verbose else "WARN", other_level="ERROR"
                ),
                forwarding=LogForwardingConfig(
                    logger=logging.getLogger("temporalio.core"),
                    append_target_to_name=False,
                    prepend_target_on_message=False,
                    append_log_fields_to_message=False,
                ),
            ),
            metrics=PrometheusConfig(
                bind_address=metrics_bind,
                durations_as_seconds=True,
                unit_suffix=True,
                counters_total_suffix=True,
            )
            if metrics_bind
            else None,
        )
    )


class LightRunner(SandboxedWorkflowRunner):
    """The SDK's sandbox, but for two things. Whose a payload is, is looked up without entering it
    (`_look_directly`). And a sleeping run does not hold on to the message it began with: any part
    of that message keeps all of it in memory, sealed and opened, and the SDK keeps two parts for
    good (measured on 1.35): this one, and the headers, which `runtime/interceptors.py` lets go."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance with a copy of its own of what a run before it had left."""
        own = Payloads()
        own.CopyFrom(det.last_completion_result)
        instance = super().create_instance(replace(det, last_completion_result=own))
        _look_directly(instance)
        return instance


def _look_directly(instance: WorkflowInstance) -> None:
    """For each payload the SDK asks a run, several times, whose it is. The answer stands in the
    SDK's own books and nothing of ours runs for it, yet each time the whole sandbox is put up and
    taken down again: a third of a replay's time (measured on 1.35). It is read without."""
    held: dict[str, object] = getattr(instance, "globals_and_locals", {})
    inside = held.get("__temporal_in_sandbox")
    for question in ("get_serialization_context", "get_external_store_context"):
        answer = getattr(inside, question, None)
        if answer is not None:
            setattr(instance, question, answer)


def workflow_runner(*, strict: bool = False) -> SandboxedWorkflowRunner:
    """The one sandbox that workflows run in: in workers, in replay and in tests. `strict` loads
    our own modules anew inside it, so that anything not deterministic in them is refused."""
    shared = ALWAYS_PASSED_THROUGH if strict else (*ALWAYS_PASSED_THROUGH, *OURS)
    return LightRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*shared))


def worker_options(settings: Settings) -> WorkerOptions:
    """`Worker(client, task_queue=..., **worker_options(settings), ...)`."""
    return WorkerOptions(
        workflow_runner=workflow_runner(),
        max_cached_workflows=settings.max_cached_workflows,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=settings.sticky_s),
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_s),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    )


def code_version(
    settings: Settings, behaviour: VersioningBehavior
) -> WorkerDeploymentConfig | None:
    """`Worker(..., deployment_config=...)` of the workers that tell stories; None where a
    deployment has no code versions. Workers of effects need none: they take what any version
    hands them, and so one of them serves all. Raises `SettingsError` where the deployment has code
    versions and this code does not say which it is."""
    if not settings.deployment_name:
        return None
    if not settings.build_id:
        text = "JOURNEY_BUILD_ID is required: with JOURNEY_DEPLOYMENT_NAME each worker of journeys"
        raise SettingsError((f"{text} says which code it has",))
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(settings.deployment_name, settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=behaviour,
    )


async def ensure_search_attributes(client: Client) -> None:
    """Register our search attributes where they are missing; harmless to repeat, or to race.
    Raises RuntimeError when the server holds one under another type: that needs a person."""
    listed = await _listed(client)
    if listed is None:
        for key in SEARCH_ATTRIBUTES:
            await _add(client, [key])
        return
    wrong = [k.name for k in SEARCH_ATTRIBUTES if listed.get(k.name, _type(k)) != _type(k)]
    if wrong:
        raise RuntimeError(f"search attributes of another type on the server: {', '.join(wrong)}")
    missing = [key for key in SEARCH_ATTRIBUTES if key.name not in listed]
    if missing and not await _add(client, missing):
        # Somebody else was registering at the same moment; see what is still missing.
        for key in missing:
            await _add(client, [key])


async def _listed(client: Client) -> Mapping[str, int] | None:
    """What the server has, or None: the time-skipping server cannot say."""
    try:
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), retry=True
        )
    except RPCError as error:
        if error.status is RPCStatusCode.UNIMPLEMENTED:
            return None
        raise
    return listed.custom_attributes


async def _add(client: Client, keys: Sequence[SearchAttributeKey[Any]]) -> bool:
    """Whether they were added; False when one of them was there already."""
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={key.name: _type(key) for key in keys},
            )
        )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return False
        raise
    return True


def _type(key: SearchAttributeKey[Any]) -> IndexedValueType.ValueType:
    return IndexedValueType.ValueType(key.indexed_value_type.value)
