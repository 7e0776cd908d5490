"""A workflow without a server: its code at work on a clock that a test sets by hand.

What the engine's own library does for one workflow is done here as it does it: jobs come in
activations, everything ready runs, then every wait is asked, until nothing moves. An activation
that is given again to a new object is a replay.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from schemas.base import Command
from schemas.infusion import SessionPlan, SessionReceipt
from workflows.session import TreatmentDay

RUNTIME = "__temporal_workflow_runtime"


@dataclass
class Update:
    """A command by update: accepted once its check lets it through, then answered or refused."""

    kind: str
    command: Command
    sent_at: datetime
    accepted: bool = False
    answer: object = None
    answered_at: datetime | None = None

    @property
    def receipt(self) -> SessionReceipt | None:
        return self.answer if isinstance(self.answer, SessionReceipt) else None

    @property
    def codes(self) -> tuple[str, ...]:
        """Why it was refused; empty while it is not."""
        return self.answer if isinstance(self.answer, tuple) else ()


@dataclass(frozen=True)
class Signal:
    name: str
    payload: RawValue


@dataclass(frozen=True)
class TimerFired:
    number: int


@dataclass(frozen=True)
class ActivityEnded:
    """It was done, and answered with `result`; or nobody did it in time. `name`: what was asked."""

    number: int
    name: str
    result: object = None
    timed_out: bool = False


Job = Update | Signal | TimerFired | ActivityEnded


@dataclass
class Activation:
    """What a workflow hears at one moment. `silent`: it asked for nothing and answered nobody, so
    the history shows nothing between this moment and the next."""

    at: datetime
    jobs: tuple[Job, ...]
    silent: bool = False


@dataclass
class Errand:
    """An activity the workflow has asked for, or a signal to another workflow by its name.
    `gives_up_at`: None when it is waited for without end."""

    number: int
    name: str
    argument: Any
    gives_up_at: datetime | None
    future: "asyncio.Future[object]" = field(repr=False, compare=False)


class Clockwork(asyncio.AbstractEventLoop):
    """One treatment day at work. Also the engine's runtime, as far as a treatment day asks it."""

    def __init__(self, workflow: type[TreatmentDay], plan: SessionPlan, now: datetime) -> None:
        setattr(self, RUNTIME, self)
        self.moment = now
        self.errands: list[Errand] = []
        self.timers: dict[int, tuple[datetime, asyncio.TimerHandle]] = {}
        self.refused_in_handler: BaseException | None = None
        self.asked = 0
        self.signalled: list[tuple[str, str, object]] = []
        self.nobody_there = False
        self._timer_count = 0
        self._new_timers: set[int] = set()
        self._ready: deque[asyncio.Handle] = deque()
        self._conditions: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._handlers = 0
        self._running: list[asyncio.Task[Any]] = []
        asyncio._set_running_loop(self)
        try:
            self.day = workflow(plan)
            self.main = self.create_task(self.day.run(plan))  # type: ignore[attr-defined]
        finally:
            asyncio._set_running_loop(None)
        self._run_once(ask=True)

    # -- activations ----------------------------------------------------------------------------

    def activate(self, activation: Activation, *, replaying: bool = False) -> None:
        """Messages first, then timers and what activities answered, as the library does."""
        self.moment, self.asked = activation.at, 0
        self._new_timers.clear()
        messages = [job for job in activation.jobs if isinstance(job, Update | Signal)]
        others = [job for job in activation.jobs if not isinstance(job, Update | Signal)]
        for jobs in (messages, others):
            if not jobs:
                continue
            updates = [job for job in jobs if isinstance(job, Update)]
            for job in jobs:
                self._apply(job, replaying)
            self._run_once(ask=len(updates) < len(jobs), unless_refused=updates)
        if self.main.done():
            self.main.result()
        if not replaying:
            activation.silent = not (self.asked or self._new_timers or self.main.done())

    def _apply(self, job: Job, replaying: bool) -> None:
        match job:
            case Update():
                self._handlers += 1
                self.create_task(self._update(job, replaying))
            case Signal():
                handler = getattr(self.day, job.name, None)
                self.call_soon(*((handler, job.payload) if handler else self._unknown(job)))
            case TimerFired():
                _, handle = self.timers.pop(job.number, (None, None))
                if handle is not None:
                    self._ready.append(handle)
            case ActivityEnded():
                assert job.number < len(self.errands), "read again, the day asks for less"
                errand = self.errands[job.number]
                assert errand.name == job.name, "read again, the day asks for something else"
                future = errand.future
                if job.timed_out:
                    future.set_exception(_timed_out())
                else:
                    future.set_result(job.result)

    def _unknown(self, job: Signal) -> tuple[Callable[..., None], str, list[RawValue]]:
        return self.day.anything_else, job.name, [job.payload]

    async def _update(self, update: Update, replaying: bool) -> None:
        """A replay knows only what was accepted: it does not check again, and answers the same."""
        answer: object
        try:
            if not replaying:
                getattr(self.day, f"_check_{update.kind}")(update.command)
                update.accepted = True
                self.asked += 1
            answer = await getattr(self.day, update.kind)(update.command)
        except ApplicationError as error:
            answer = tuple(reason["code"] for reason in error.details[0])
        finally:
            self._handlers -= 1
        assert update.answer in (None, answer), "read again, a command is answered otherwise"
        self.asked += update.accepted
        update.answer = answer
        update.answered_at = update.answered_at or self.day._desk.clock.now()

    def _run_once(self, *, ask: bool, unless_refused: list[Update] | None = None) -> None:
        asyncio._set_running_loop(self)
        try:
            while self._ready:
                while self._ready:
                    self._ready.popleft()._run()
                if ask or any(update.accepted for update in unless_refused or ()):
                    waiting, self._conditions = self._conditions, []
                    still = [c for c in waiting if not c[1].done() and not _holds(*c)]
                    self._conditions = still + self._conditions
        finally:
            asyncio._set_running_loop(None)
        if self.refused_in_handler is not None:
            raise self.refused_in_handler

    def put_away(self) -> None:
        """A worker died: nothing of this object is ever heard of again."""
        for task in self._running:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._running.clear()

    # -- the engine, as a treatment day asks it -------------------------------------------------

    def workflow_info(self) -> "Clockwork":
        """All that a treatment day asks of what the server knows of it: how long its run is."""
        return self

    def get_current_history_length(self) -> int:
        """A day is one run, however long."""
        return 0

    def is_continue_as_new_suggested(self) -> bool:
        return False

    def is_target_worker_deployment_version_changed(self) -> bool:
        return False

    def workflow_time_ns(self) -> int:
        return int(self.moment.timestamp() * 1_000_000) * 1_000

    async def workflow_wait_condition(
        self, fn: Callable[[], bool], *, timeout: float | None = None, **_: object
    ) -> None:
        future: asyncio.Future[None] = self.create_future()
        self._conditions.append((fn, future))
        await asyncio.wait_for(future, timeout)

    async def workflow_sleep(self, duration: float, **_: object) -> None:
        future: asyncio.Future[None] = self.create_future()
        self.call_later(duration, future.set_result, None)
        await future

    def workflow_start_activity(
        self,
        activity: str,
        argument: object,
        *,
        schedule_to_close_timeout: timedelta | None,
        **_: object,
    ) -> "asyncio.Future[object]":
        return self.ask(activity, argument, schedule_to_close_timeout)

    def ask(
        self, name: str, argument: object, within: timedelta | None
    ) -> "asyncio.Future[object]":
        """Something that the outside is asked for, and answers in its time."""
        errand = Errand(
            number=len(self.errands),
            name=name,
            argument=argument,
            gives_up_at=None if within is None else self.moment + within,
            future=self.create_future(),
        )
        self.errands.append(errand)
        self.asked += 1
        return errand.future

    def workflow_get_external_workflow_handle(
        self, workflow_id: str, **_: object
    ) -> "AnotherWorkflow":
        return AnotherWorkflow(self, workflow_id)

    def workflow_is_replaying_history_events(self) -> bool:
        """As far as the engine's log is concerned: nobody reads it here."""
        return True

    def workflow_all_handlers_finished(self) -> bool:
        return self._handlers == 0

    def workflow_set_current_details(self, _details: str) -> None:
        """Nobody looks at the card here."""

    def workflow_upsert_search_attributes(self, _attributes: object, **_: object) -> None:
        """Nobody searches here; but it is an event."""
        self.asked += 1

    def workflow_upsert_memo(self, _updates: object, **_: object) -> None:
        """Nobody reads it here; but it is an event."""
        self.asked += 1

    # -- the loop -------------------------------------------------------------------------------

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        self._timer_count += 1
        self._new_timers.add(self._timer_count)
        self.timers[self._timer_count] = (self.moment + timedelta(seconds=delay), handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        for number, (_, known) in list(self.timers.items()):
            if known is handle:
                del self.timers[number]
                # Begun and given up in one activation, it was never asked for.
                if number in self._new_timers:
                    self._new_timers.discard(number)
                else:
                    self.asked += 1

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> "asyncio.Task[Any]":
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._running.append(task)
        return task

    def time(self) -> float:
        return self.moment.timestamp()

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.refused_in_handler = context.get("exception") or AssertionError(context["message"])


@dataclass
class AnotherWorkflow:
    """Somebody else's workflow, as one day reaches it; or nobody is there."""

    clockwork: Clockwork
    workflow_id: str

    async def signal(self, name: str, content: object) -> None:
        if self.clockwork.nobody_there:
            self.clockwork.asked += 1
            raise ApplicationError("no such workflow")
        self.clockwork.signalled.append((self.workflow_id, name, content))
        await self.clockwork.ask(name, content, None)


def _holds(condition: Callable[[], bool], future: "asyncio.Future[None]") -> bool:
    if not condition():
        return False
    future.set_result(None)
    return True


def _timed_out() -> ActivityError:
    return ActivityError(
        "nobody answered in time",
        scheduled_event_id=0,
        started_event_id=0,
        identity="",
        activity_type="append_events",
        activity_id="",
        retry_state=RetryState.TIMEOUT,
    )
