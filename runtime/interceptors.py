"""What wraps every message and activity: log context by ids, and one envelope to a signal.

Log lines written inside a workflow take their ids from `workflow.logger` (which is silent during
replay); here the activities and the client calls get theirs.
"""

from typing import Any

import temporalio.client as tc
import temporalio.worker as tw
from structlog.contextvars import bound_contextvars
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from runtime.names import SIGNALS_CARRY


class LogContext(tc.Interceptor, tw.Interceptor):
    """Binds workflow and activity ids, and nothing else, to what is logged on the way."""

    def intercept_client(self, next: tc.OutboundInterceptor) -> tc.OutboundInterceptor:  # noqa: A002 the SDK's name
        """Client calls carry the workflow id into their log lines."""
        return _ClientLog(next)

    def intercept_activity(
        self,
        next: tw.ActivityInboundInterceptor,  # noqa: A002 the SDK's name
    ) -> tw.ActivityInboundInterceptor:
        """Activities carry workflow, run, activity and attempt into their log lines."""
        return _ActivityLog(next)


class OneEnvelope(tc.Interceptor, tw.Interceptor):
    """A signal carries one envelope; more arguments are cut off. Every signal handler of ours
    takes one `RawValue` (with a default, for a signal that carries nothing), and the TypeError of
    a second would fail the workflow's task again and again, for ever."""

    def workflow_interceptor_class(
        self,
        input: tw.WorkflowInterceptorClassInput,  # noqa: A002, ARG002 the SDK's name
    ) -> type[tw.WorkflowInboundInterceptor]:
        """The trimming is done inside the workflow, before its handler is called."""
        return _OneEnvelopeInbound


class _OneEnvelopeInbound(tw.WorkflowInboundInterceptor):
    async def execute_workflow(self, input: tw.ExecuteWorkflowInput) -> Any:  # noqa: A002 the SDK's name
        # The headers are part of the message that a run begins with and would keep all of it in
        # memory for as long as the run is cached.
        input.headers = {k: _copied(header) for k, header in input.headers.items()}
        return await super().execute_workflow(input)

    async def handle_signal(self, input: tw.HandleSignalInput) -> None:  # noqa: A002 the SDK's name
        # A dynamic handler is given (name, payloads): two arguments that belong together.
        known = workflow.get_signal_handler(input.signal) is not None
        if known and len(input.args) > SIGNALS_CARRY:
            # With more arguments than the handler takes, the SDK forgets the handler's types and
            # hands over plain values (measured on 1.35): put the first back as it came.
            first = workflow.payload_converter().to_payload(input.args[0])
            input.args = [RawValue(first)]
        await super().handle_signal(input)


def _copied(payload: Payload) -> Payload:
    copy = Payload()
    copy.CopyFrom(payload)
    return copy


class _ActivityLog(tw.ActivityInboundInterceptor):
    async def execute_activity(self, input: tw.ExecuteActivityInput) -> Any:  # noqa: A002 the SDK's name
        info = activity.info()
        with bound_contextvars(
            workflow_id=info.workflow_id,
            run_id=info.workflow_run_id,
            workflow_type=info.workflow_type,
            activity=info.activity_type,
            activity_id=info.activity_id,
            attempt=info.attempt,
        ):
            return await super().execute_activity(input)


class _ClientLog(tc.OutboundInterceptor):
    async def start_workflow(
        self,
        input: tc.StartWorkflowInput,  # noqa: A002 the SDK's name
    ) -> tc.WorkflowHandle[Any, Any]:
        with bound_contextvars(workflow_id=input.id, workflow_type=input.workflow):
            return await super().start_workflow(input)

    async def signal_workflow(self, input: tc.SignalWorkflowInput) -> None:  # noqa: A002 the SDK's name
        with bound_contextvars(workflow_id=input.id, signal=input.signal):
            await super().signal_workflow(input)

    async def start_workflow_update(
        self,
        input: tc.StartWorkflowUpdateInput,  # noqa: A002 the SDK's name
    ) -> tc.WorkflowUpdateHandle[Any]:
        with bound_contextvars(workflow_id=input.id, update=input.update):
            return await super().start_workflow_update(input)
