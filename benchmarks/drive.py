"""The load: many journeys at once, the same commands to either program, from a process of its own.

`python -m benchmarks.drive VARIANT --address A --keys K --shape S --journeys N --in-flight M`
prints one line of JSON.
"""

import argparse
import asyncio
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time, time
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from benchmarks.shape import Json, Shape, read_part
from benchmarks.sides import Side, Variant, client_of
from runtime.names import JOURNEYS

DISTANCE = re.compile(r'"@(-?[\d.]+)@"')
TRIES = 500
BETWEEN_TRIES_S = 0.03


@dataclass
class Load:
    """What one run of the driver saw. Latencies in milliseconds, one for each update."""

    journeys: int = 0
    seconds: float = 0.0
    driver_cpu_s: float = 0.0
    looks: int = 0
    repeated: int = 0
    events: list[int] = field(default_factory=list)
    update_ms: list[float] = field(default_factory=list)


class Driver:
    """People at work on journeys of one program."""

    def __init__(self, client: Client, side: Side, shape: Shape, only: int | None = None) -> None:
        self._client = client
        self._only = only
        self._ours = side is Side.OURS
        self._shape = shape
        self.load = Load()

    async def run(self, journeys: int, in_flight: int, name: str) -> Load:
        """Lead so many journeys to their end, so many of them at a time."""
        began, cpu = perf_counter(), process_time()
        numbers = iter(range(journeys))

        led: list[str] = []

        async def lead_on() -> None:
            for number in numbers:
                led.append(f"journey-{name}{number}".ljust(len(self._shape.journey_id), "x"))
                await self.lead(led[-1])

        await asyncio.gather(*(lead_on() for _ in range(in_flight)))
        self.load.journeys = journeys
        self.load.seconds = perf_counter() - began
        self.load.driver_cpu_s = process_time() - cpu
        if self._only is None:
            self.load.events = [await self._events(led[n]) for n in {0, len(led) // 2}]
        return self.load

    async def lead(self, journey_id: str) -> None:
        """One journey from its referral to its end, or as far as was asked for."""
        person = _Person(self, journey_id)
        for op in self._shape.ops[: self._only]:
            await person.do(op)
        if self._only is None:
            await self.handle(journey_id).result()

    async def _events(self, journey_id: str) -> int:
        """Events of a journey that was led, with its sessions."""
        parts = [await read_part(self._client, journey_id + name) for name in self._shape.parts]
        return sum(part.events for part in parts)

    async def begin(self, journey_id: str, op: Json, moment: datetime) -> None:
        """The referral starts a journey, in one call."""
        content = self.fill(op["start"], journey_id, moment)
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "PatientJourney" if self._ours else "BareJourney",
            content if self._ours else {"content": content},
            id=journey_id,
            task_queue=JOURNEYS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=op["summary"],
        )
        await self._client.execute_update_with_start_workflow(
            "accept_referral" if self._ours else "act",
            self.fill(op["args"], journey_id, moment),
            start_workflow_operation=start,
            id="refer-1",
        )

    async def update(self, workflow_id: str, name: str, args: Json) -> None:
        """One command and its answer, timed; again when it came too early."""
        for _ in range(TRIES):
            began = perf_counter()
            try:
                await self.handle(workflow_id).execute_update(
                    name if self._ours else "act", args, id=args["command_id"]
                )
            except (WorkflowUpdateFailedError, RPCError) as error:
                refusal = error
                self.load.repeated += 1
                await asyncio.sleep(BETWEEN_TRIES_S)
                continue
            self.load.update_ms.append((perf_counter() - began) * 1000)
            return
        details = getattr(refusal.cause, "details", "")
        raise RuntimeError(f"{name} was refused again and again: {details}") from refusal

    async def jump(self, journey_id: str, args: Json) -> None:
        """The training clock moves."""
        await self.handle(journey_id).signal("clock_advanced" if self._ours else "note", args)

    async def see(self, workflow_id: str, op: Json, moment: datetime) -> None:
        """Look until the workflow stands where it stood when this was recorded."""
        for _ in range(TRIES):
            self.load.looks += 1
            try:
                view: dict[str, Any] = await self.handle(workflow_id).query(
                    "state", result_type=dict
                )
            except RPCError:
                view = {}
            if view and self._arrived(view, op, moment):
                return
            await asyncio.sleep(BETWEEN_TRIES_S)
        raise RuntimeError(f"{workflow_id} did not get to {op}")

    def _arrived(self, view: Json, op: Json, moment: datetime) -> bool:
        if not self._ours:
            return all(view["seen"][kind] >= n for kind, n in op["seen"].items())
        if op["op"] == "clock":
            return datetime.fromisoformat(view["now"]) >= moment
        return bool(view["facts"] >= op["facts"])

    def handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id)

    def fill(self, text: str, journey_id: str, moment: datetime) -> Json:
        """A recorded payload with this journey's id and moments."""

        def at(found: "re.Match[str]") -> str:
            return f'"{(moment + timedelta(seconds=float(found.group(1)))).isoformat()}"'

        return json.loads(DISTANCE.sub(at, text.replace(self._shape.journey_id, journey_id)))


class _Person:
    """Where the people of one journey are, and what time it is for them."""

    def __init__(self, driver: Driver, journey_id: str) -> None:
        self._driver = driver
        self._id = journey_id
        self._ahead = timedelta()
        self._jumped_to = datetime.fromtimestamp(0, UTC)

    async def do(self, op: Json) -> None:
        now = datetime.fromtimestamp(time(), UTC) + self._ahead
        match op["op"]:
            case "start":
                await self._driver.begin(self._id, op, now)
            case "update":
                args = self._driver.fill(op["args"], self._id, now)
                await self._driver.update(self._id + op["on"], op["name"], args)
            case "jump":
                step = timedelta(seconds=op["seconds"])
                self._ahead += step
                self._jumped_to = now + step - min(step / 2, timedelta(seconds=1))
                await self._driver.jump(self._id, op["args"])
            case "look" | "clock":
                await self._driver.see(self._id + op["on"], op, self._jumped_to)


async def _main(arguments: argparse.Namespace) -> Load:
    variant = Variant.of(arguments.variant)
    client = await client_of(variant, arguments.address, arguments.keys)
    driver = Driver(client, variant.side, Shape.load(arguments.shape), arguments.ops)
    name = f"{os.getpid()}".translate(str.maketrans("0123456789", "abcdefghij"))
    return await driver.run(arguments.journeys, arguments.in_flight, name + variant.name[:1])


def main(words: Sequence[str] | None = None) -> None:
    """Drive, then print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variant")
    parser.add_argument("--address", required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--shape", type=Path, required=True)
    parser.add_argument("--journeys", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--ops", type=int, help="only so many commands of each journey")
    print(json.dumps(asdict(asyncio.run(_main(parser.parse_args(words))))), flush=True)
    # The SDK's threads may abort an interpreter that is tearing down after all work is done.
    os._exit(0)


if __name__ == "__main__":
    main()
