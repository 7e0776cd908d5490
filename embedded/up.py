"""`journey up`: one whole stack, from an empty directory to its addresses and back."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from embedded import postgres
from embedded.addresses import publish, withdraw
from embedded.data_directory import hold, temporary
from embedded.errors import StackError
from embedded.log_stream import LogStream
from embedded.ports import require_free, take_free
from embedded.processes import ProcessRecord, end_with_parent, stop_leftover
from embedded.stack import DEFAULT_PORTS, Plan, addresses, environment, stages
from embedded.stop_requests import StopRequests
from embedded.supervisor import Stage, Supervisor

RECORD_NAME = "processes.json"


def up(
    directory: Path,
    *,
    ephemeral: bool,
    ports: Mapping[str, int],
    announce: Callable[[Mapping[str, str]], None],
    compose: Callable[[Plan], Sequence[Stage]] = stages,
    with_parent: bool = False,
) -> int:
    """Run a stack until someone asks it to stop; returns the exit code.

    `ephemeral`: a temporary directory and free ports in place of `directory` and `ports`.
    `announce`: called once, when everything answers, with the addresses by their public names.
    `compose`: what runs in it. `with_parent`: stop when the program that started us dies.
    """
    logs = LogStream()
    run = _Run(StopRequests(), logs, announce, compose)
    if with_parent:
        end_with_parent()
    try:
        place = temporary() if ephemeral else nullcontext(directory)
        with place as chosen, hold(chosen.resolve()) as held:
            run.whole(held, None if ephemeral else ports)
    except (StackError, OSError) as error:
        logs.close()
        print(f"journey up: {error}", file=sys.stderr)  # noqa: T201 the command's one clear line
        return 1
    logs.close()
    return 0


@dataclass(frozen=True)
class _Run:
    """One run of a stack on a directory that we hold."""

    requests: StopRequests
    logs: LogStream
    announce: Callable[[Mapping[str, str]], None]
    compose: Callable[[Plan], Sequence[Stage]]

    def whole(self, directory: Path, ports: Mapping[str, int] | None) -> None:
        record = ProcessRecord(directory / RECORD_NAME)
        withdraw(directory)
        _stop_leftovers(directory, record, self.logs)
        if ports is None:
            chosen: Mapping[str, int] = take_free(DEFAULT_PORTS)
        else:
            chosen = {**DEFAULT_PORTS, **ports}
            require_free(chosen)
        database = postgres.prepare(directory / "postgres", chosen["postgres"])
        (directory / "mail").mkdir(mode=0o700, exist_ok=True)
        plan = Plan(directory, chosen, database)
        supervisor = Supervisor(self.compose(plan), record, self.logs)
        asyncio.run(self._supervise(supervisor, plan))

    async def _supervise(self, supervisor: Supervisor, plan: Plan) -> None:
        asked = asyncio.Event()

        def heard() -> None:
            asked.set()
            if self.requests.count > 1:
                self.logs.say("stack", "asked again: killing what still runs")
                supervisor.hurry()

        self.requests.tell(heard)
        waiting = asyncio.create_task(asked.wait())
        starting = asyncio.create_task(supervisor.start())
        try:
            await asyncio.wait({waiting, starting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                publish(plan.directory, addresses(plan), environment(plan))
                self.announce(asdict(addresses(plan)))
                await waiting
            self.logs.say("stack", "stopping")
        finally:
            waiting.cancel()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            withdraw(plan.directory)
            await supervisor.stop()
            self.logs.say("stack", "stopped")


def _stop_leftovers(directory: Path, record: ProcessRecord, logs: LogStream) -> None:
    """Stop what an earlier stack left running here when it was killed; we hold the directory, so
    nobody else can want it."""
    left = list(reversed(record.leftovers()))
    unrecorded = postgres.leftover(directory / "postgres")
    if unrecorded is not None and unrecorded.pid not in {known.pid for known in left}:
        left.append(unrecorded)
    for recorded in left:
        logs.say(recorded.name, f"left by an earlier stack (pid {recorded.pid}); stopping it")
        stop_leftover(recorded)
