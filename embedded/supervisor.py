"""One supervisor: starts the components in order, brings back what dies, drains in reverse."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded.errors import StackError
from embedded.log_stream import LogStream
from embedded.processes import ProcessRecord, tie_to_parent

READY_POLL_S = 0.05
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 20.0
"""A component that ran this long starts again at the shortest pause."""

DEATHS_BEFORE_READY = 3


async def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class Component:
    """One process that must run as long as the stack does.

    `environment`: all of its environment variables; our own when not given.
    `directory`: where it runs; our own working directory when not given.
    `ready`: whether it answers; `ready_within_s`: how long it may take to.
    `stop_signal`, `grace_s`: how it is asked to stop, and when it is killed instead.
    `death_signal`: what the kernel sends it when the supervisor itself is killed.
    `user_id`, `group_id`: run as this system user.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path | None = None
    ready: Callable[[], Awaitable[bool]] = _at_once
    ready_within_s: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 20
    death_signal: signal.Signals = signal.SIGKILL
    user_id: int | None = None
    group_id: int | None = None


@dataclass(frozen=True)
class Step:
    """Something done once between components, such as the migrations."""

    name: str
    run: Callable[[], Awaitable[None]]


Stage = Sequence[Component | Step]
"""What may start side by side; the stage after it waits for all of it."""


class StartFailedError(StackError):
    """A component did not come up."""

    def __init__(self, component: str, why: str) -> None:
        super().__init__(f"{component} did not start: {why}")
        self.component = component
        self.reason = why


class Supervisor:
    """Runs stages of components. `start`, then `stop`; between them it keeps all of it alive."""

    def __init__(self, stages: Sequence[Stage], record: ProcessRecord, logs: LogStream) -> None:
        self._stages = stages
        self._record = record
        self._logs = logs
        self._running: list[list[_Keeper]] = []

    async def start(self) -> None:
        """Start every stage in order; returns when all of it answers.

        Raises:
            StartFailedError: naming the component; what had started is left for `stop`.
        """
        for stage in self._stages:
            components = [entry for entry in stage if isinstance(entry, Component)]
            keepers = [_Keeper(c, self._record, self._logs) for c in components]
            self._running.append(keepers)
            steps = [_perform(step, self._logs) for step in stage if isinstance(step, Step)]
            await _all_or_first_error([*(keeper.start() for keeper in keepers), *steps])

    async def stop(self) -> None:
        """Drain in reverse order; each component is asked first and killed after its grace."""
        for keepers in reversed(self._running):
            await asyncio.gather(*(keeper.stop() for keeper in keepers))
        self._running.clear()

    def hurry(self) -> None:
        """Kill what still runs: someone asked twice."""
        for keepers in self._running:
            for keeper in keepers:
                keeper.kill()


async def _perform(step: Step, logs: LogStream) -> None:
    logs.say(step.name, "started")
    try:
        await step.run()
    except StartFailedError:
        raise
    except Exception as error:
        raise StartFailedError(step.name, str(error) or type(error).__name__) from error
    logs.say(step.name, "done")


async def _all_or_first_error(starts: Sequence[Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(start) for start in starts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Keeper:
    """Keeps one component running."""

    def __init__(self, component: Component, record: ProcessRecord, logs: LogStream) -> None:
        self._component = component
        self._record = record
        self._logs = logs
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._was_ready = False
        self._deaths = 0
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        component = self._component
        self._keeping = asyncio.create_task(self._keep(), name=f"keep-{component.name}")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + component.ready_within_s
        while not await self._answers():
            if self._keeping.done():
                self._keeping.result()
            if loop.time() > deadline:
                raise self._failed(f"no answer within {component.ready_within_s:.0f} s")
            await asyncio.sleep(READY_POLL_S)
        self._was_ready = True
        self._logs.say(component.name, "ready")

    async def stop(self) -> None:
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            self._send(self._component.stop_signal)
        if self._keeping is None:
            return
        # Shielded: running out of grace must not cancel the task that sees the process end.
        with suppress(TimeoutError, StartFailedError, OSError):
            await asyncio.wait_for(asyncio.shield(self._keeping), self._component.grace_s)
        if not self._keeping.done():
            self._logs.say(self._component.name, "did not stop in time; killed")
            self.kill()
            with suppress(StartFailedError, OSError):
                await self._keeping

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    async def _answers(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            return False
        try:
            return await self._component.ready()
        except Exception:
            # Whatever a readiness check meets, it means: not yet.
            return False

    async def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            try:
                ended = f"ended with {_ending(await self._run_once())}"
            except StartFailedError as error:
                if not self._was_ready:
                    raise
                ended = f"could not be started ({error.reason})"
            if self._stopping.is_set():
                return
            self._deaths += 1
            if not self._was_ready and self._deaths >= DEATHS_BEFORE_READY:
                raise self._failed(f"{self._deaths} times, the last: {ended}")
            if loop.time() - began > STEADY_AFTER_S:
                pause_s = FIRST_PAUSE_S
            self._logs.say(self._component.name, f"{ended}; started again in {pause_s:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _run_once(self) -> int:
        component = self._component
        process = await self._spawn()
        self._process = process
        # Stopped while it was being started: the signal could not reach it then.
        if self._stopping.is_set():
            self._send(component.stop_signal)
        self._put_on_record(
            lambda: self._record.add(
                component.name, process.pid, component.stop_signal, component.grace_s
            )
        )
        assert process.stdout is not None
        pumping = asyncio.create_task(self._logs.pump(component.name, process.stdout))
        try:
            return await process.wait()
        finally:
            # A grandchild may hold the pipe open; its lines are not worth waiting for.
            await asyncio.wait([pumping], timeout=1)
            pumping.cancel()
            self._put_on_record(lambda: self._record.remove(component.name))

    def _put_on_record(self, change: Callable[[], None]) -> None:
        """A full disk is no reason to keep nothing running any more: what is not on record is
        only not found by a supervisor that comes after this one was killed."""
        try:
            change()
        except OSError as error:
            self._logs.say(self._component.name, f"not on record: {error.strerror}")

    async def _spawn(self) -> Process:
        component = self._component
        other_groups: list[int] | None = [] if component.user_id is not None else None
        try:
            return await asyncio.create_subprocess_exec(
                *component.command,
                env=dict(component.environment),
                cwd=component.directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                # A session of its own: Ctrl-C reaches the supervisor, which drains in order.
                start_new_session=True,
                user=component.user_id,
                group=component.group_id,
                extra_groups=other_groups,
                preexec_fn=tie_to_parent(component.death_signal),
            )
        except OSError as error:
            raise self._failed(str(error)) from error

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _failed(self, why: str) -> StartFailedError:
        return StartFailedError(self._component.name, why)


def _ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
