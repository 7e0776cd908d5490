"""Where an engine run stands, asked in a way that a paused journey does not break.

The SDK (1.35) raises on status 8, paused, from `describe`, `list_workflows` and `query`; these
read the server's own answer instead.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

CODE_VERSION = "TemporalWorkerDeploymentVersion"
"""The server's own search attribute."""


class RunStatus(StrEnum):
    """The engine's statuses by name, and NOT_FOUND."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TERMINATED = "TERMINATED"
    CONTINUED_AS_NEW = "CONTINUED_AS_NEW"
    TIMED_OUT = "TIMED_OUT"
    PAUSED = "PAUSED"
    UNKNOWN = "UNKNOWN"
    NOT_FOUND = "NOT_FOUND"


_BY_NUMBER: Mapping[int, RunStatus] = {
    1: RunStatus.RUNNING,
    2: RunStatus.COMPLETED,
    3: RunStatus.FAILED,
    4: RunStatus.CANCELED,
    5: RunStatus.TERMINATED,
    6: RunStatus.CONTINUED_AS_NEW,
    7: RunStatus.TIMED_OUT,
    8: RunStatus.PAUSED,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run as a list shows it. `code_version`: whose code tells it, as `deployment:build`; empty
    for a run that no versioned worker has told yet."""

    workflow_id: str
    run_id: str
    workflow_type: str
    status: RunStatus
    code_version: str = ""


async def describe_status(client: Client, workflow_id: str) -> RunStatus:
    """The status of the latest run of a workflow; NOT_FOUND when the server knows none.
    Other `RPCError`s pass: a server that is away says nothing about the journey."""
    try:
        answer = await client.workflow_service.describe_workflow_execution(
            DescribeWorkflowExecutionRequest(
                namespace=client.namespace,
                execution=WorkflowExecution(workflow_id=workflow_id),
            ),
            retry=True,
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return RunStatus.NOT_FOUND
        raise
    return _status(answer.workflow_execution_info)


async def list_runs(client: Client, query: str, *, page_size: int = 200) -> AsyncIterator[Run]:
    """Every run that a visibility query finds, paused ones included."""
    token = b""
    while True:
        page = await client.workflow_service.list_workflow_executions(
            ListWorkflowExecutionsRequest(
                namespace=client.namespace,
                query=query,
                page_size=page_size,
                next_page_token=token,
            ),
            retry=True,
        )
        for info in page.executions:
            yield Run(
                workflow_id=info.execution.workflow_id,
                run_id=info.execution.run_id,
                workflow_type=info.type.name,
                status=_status(info),
                code_version=_code_version(info),
            )
        token = page.next_page_token
        if not token:
            return


def _status(info: WorkflowExecutionInfo) -> RunStatus:
    return _BY_NUMBER.get(int(info.status), RunStatus.UNKNOWN)


def _code_version(info: WorkflowExecutionInfo) -> str:
    shown = info.search_attributes.indexed_fields.get(CODE_VERSION)
    return str(json.loads(shown.data)) if shown is not None else ""
