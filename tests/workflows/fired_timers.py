"""Workflows at work on the time-skipping server, which loses a run that cancels a fired timer.

A timer that fires while a workflow task is open is kept back until that task ends. Should the task
cancel that very timer, this server, unlike any server of production, refuses the whole answer
("invalid history builder state for action") and never hands the task out again: the run stands
still for good (sdk-java 2606 and 3088). Our clocks jump to moments at which something is due, so
that timers of a few milliseconds are common, and a busy machine makes every task longer than those.

Here such an answer is never given. The task fails instead, once the timer has surely fired; it is
handed out again together with the timer's end, and there is nothing left to cancel.
"""

import time
from dataclasses import dataclass, field
from typing import TypedDict

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)

from runtime.temporal import LightRunner, workflow_runner

SOON_S = 0.2
"""An answer may be that long under way on a busy machine: a timer due within it counts as fired. No
longer than that: of some hundred tasks that failed so, one run was seen not to go on."""
SURELY_S = 0.1
"""How long after it is due a timer has surely fired."""
WHY = "a timer of this run fires before the server hears that it is cancelled"


@dataclass
class Started:
    """A timer as the server has it. `in_task`: when the task began that started it."""

    due_s: float
    in_task: float


@dataclass
class OpenTimers:
    """The timers of one run, by number, and when each is due on the server's clock."""

    known: dict[int, Started] = field(default_factory=dict)

    def hear(self, act: WorkflowActivation) -> None:
        for job in act.jobs:
            if job.HasField("fire_timer"):
                self.known.pop(job.fire_timer.seq, None)

    def cancelled_by(self, answer: WorkflowActivationCompletion, task: float) -> list[float]:
        """When the timers are due that this answer cancels; without those which the same task
        started, of which the server never hears."""
        said = answer.successful.commands
        numbers = [c.cancel_timer.seq for c in said if c.HasField("cancel_timer")]
        found = [self.known.pop(n) for n in numbers if n in self.known]
        return [timer.due_s for timer in found if timer.in_task != task]

    def note(self, answer: WorkflowActivationCompletion, task: float, now_s: float) -> None:
        for command in answer.successful.commands:
            if not command.HasField("start_timer"):
                continue
            lasts_s = command.start_timer.start_to_fire_timeout.ToTimedelta().total_seconds()
            self.known[command.start_timer.seq] = Started(now_s + lasts_s, task)


class SandboxedWithCare(LightRunner):
    """The one sandbox, on the time-skipping server."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _with_care(super().create_instance(det))


class UnsandboxedWithCare(UnsandboxedWorkflowRunner):
    """What a test's own workflows run in, on the time-skipping server."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _with_care(super().create_instance(det))


class Runners(TypedDict):
    """What a worker runs workflows in: `Worker(..., **runners)`."""

    workflow_runner: WorkflowRunner
    unsandboxed_workflow_runner: WorkflowRunner


def runners(env: WorkflowEnvironment, *, strict: bool = False) -> Runners:
    """What workers of this server run workflows in."""
    sandbox = workflow_runner(strict=strict)
    if not env.supports_time_skipping:
        return Runners(
            workflow_runner=sandbox, unsandboxed_workflow_runner=UnsandboxedWorkflowRunner()
        )
    return Runners(
        workflow_runner=SandboxedWithCare(restrictions=sandbox.restrictions),
        unsandboxed_workflow_runner=UnsandboxedWithCare(),
    )


def _with_care(instance: WorkflowInstance) -> WorkflowInstance:
    """Its answer to a task is a failed task where it cancels a timer that may have fired."""
    activate, timers = instance.activate, OpenTimers()

    def careful(act: WorkflowActivation) -> WorkflowActivationCompletion:
        heard_at, task = time.monotonic(), act.timestamp.ToNanoseconds() / 1e9
        timers.hear(act)
        answer = activate(act)
        now_s = task if act.is_replaying else task + time.monotonic() - heard_at
        firing = [due for due in timers.cancelled_by(answer, task) if due < now_s + SOON_S]
        timers.note(answer, task, now_s)
        if firing and not act.is_replaying:
            time.sleep(max(max(firing) - now_s, 0) + SURELY_S)
            answer.failed.failure.message = WHY
        return answer

    setattr(instance, "activate", careful)  # noqa: B010 - mypy knows it as a method
    return instance
