"""A run on the time-skipping server does not stand still when it cancels a timer that has fired."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from runtime.temporal import workflow_runner
from tests.workflows.fired_timers import Runners, runners

DUE_AFTER_S = 1.0
TRIES = 5
"""A busy machine may come so late that the timer fires before the run is woken: it is tried again.
To wait longer would not do: whoever thinks for two seconds is taken for dead."""
PLAIN = Runners(
    workflow_runner=workflow_runner(), unsandboxed_workflow_runner=UnsandboxedWorkflowRunner()
)


@workflow.defn(name="LongThought", sandboxed=False)
class LongThought:
    """Wakes before its timer is due, thinks until after that, and needs the timer no more."""

    def __init__(self) -> None:
        self.woken = False
        self.fired_at = time.monotonic() + DUE_AFTER_S + 0.1

    @workflow.signal
    def wake(self) -> None:
        time.sleep(max(self.fired_at - time.monotonic(), 0))
        self.woken = True

    @workflow.run
    async def run(self) -> bool:
        try:
            timeout = timedelta(seconds=DUE_AFTER_S)
            await workflow.wait_condition(lambda: self.woken, timeout=timeout)
        except TimeoutError:
            await workflow.wait_condition(lambda: self.woken)
        await workflow.sleep(0.01)
        return self.woken


async def _woken(
    env: WorkflowEnvironment, told: Runners
) -> WorkflowHandle[LongThought, bool] | None:
    """The run once it has ended; None when it stands still."""
    queue = f"thoughts-{uuid4().hex}"
    async with Worker(env.client, task_queue=queue, workflows=[LongThought], **told):
        handle = await env.client.start_workflow(LongThought.run, id=queue, task_queue=queue)
        while EventType.EVENT_TYPE_TIMER_STARTED not in await _events(handle):  # noqa: ASYNC110 - it cannot tell us
            await asyncio.sleep(0.01)
        await handle.signal(LongThought.wake)
        for _ in range(40):
            if (await _events(handle))[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                return handle
            await asyncio.sleep(0.1)
    return None


async def _events(handle: WorkflowHandle[LongThought, bool]) -> list[int]:
    return [event.event_type for event in (await handle.fetch_history()).events]


async def _seen(look: Callable[[], Awaitable[bool]]) -> bool:
    for _ in range(TRIES):
        if await look():
            return True
    return False


async def test_a_timer_that_fires_while_the_run_thinks_is_heard_of_and_the_run_goes_on(
    time_skipping: WorkflowEnvironment,
) -> None:
    async def heard_of() -> bool:
        ended = await _woken(time_skipping, runners(time_skipping))
        assert ended is not None
        told = await _events(ended)
        assert EventType.EVENT_TYPE_TIMER_FIRED in told
        return told.count(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED) == 1

    assert await _seen(heard_of)


@pytest.mark.slow
async def test_without_that_care_the_time_skipping_server_loses_the_run(
    time_skipping: WorkflowEnvironment,
) -> None:
    """Once this fails the server has been mended, and `fired_timers.py` can go."""

    async def lost() -> bool:
        return await _woken(time_skipping, PLAIN) is None

    assert await _seen(lost)
