"""The load: many journeys at once, the same commands to either program, from a process of its own.

`python -m benchmarks.drive VARIANT --address A --keys K --shape S --journeys N --in-flight M`
prints one line of JSON.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time, time

from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError

from benchmarks.door import Door
from benchmarks.shape import Json, Shape, read_part
from benchmarks.sides import Side, Variant, client_of

PATIENCE_S = 30.0
"""How long one step of one journey may take before the journey counts as stuck."""


@dataclass
class Load:
    """What one run of the driver saw. Latencies in milliseconds, one for each update, and again
    for each reading among them. `events`: of some of the journeys. `stuck`: a line for each that
    did not go on."""

    journeys: int = 0
    seconds: float = 0.0
    driver_cpu_s: float = 0.0
    looks: int = 0
    repeated: int = 0
    stuck: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    update_ms: list[float] = field(default_factory=list)
    vitals_ms: list[float] = field(default_factory=list)


class Stuck(Exception):  # noqa: N818 - a journey that does not go on, in one line
    """Which workflow, what was expected of it, and what was seen instead."""


class Driver:
    """People at work on journeys of one program."""

    def __init__(self, client: Client, side: Side, shape: Shape, only: int | None = None) -> None:
        self._client = client
        self._door = Door(client, side, shape)
        self._only = only
        self._shape = shape

    async def run(self, journeys: int, in_flight: int, name: str) -> Load:
        """Lead so many journeys to their end, so many of them at a time. Once one is stuck no
        more are begun; those under way are led on."""
        began, cpu = perf_counter(), process_time()
        numbers = iter(range(journeys))
        led: list[str] = []
        stuck: list[str] = []

        async def lead_on() -> None:
            for number in numbers:
                if stuck:
                    return
                journey_id = f"journey-{name}{number}".ljust(len(self._shape.journey_id), "x")
                try:
                    await self.lead(journey_id)
                except Stuck as error:
                    stuck.append(str(error))
                else:
                    led.append(journey_id)

        await asyncio.gather(*(lead_on() for _ in range(in_flight)))
        load = Load(len(led), perf_counter() - began, process_time() - cpu, stuck=stuck)
        load.looks, load.repeated = self._door.looks, self._door.repeated
        load.update_ms, load.vitals_ms = self._door.update_ms, self._door.vitals_ms
        if led:
            load.events = [await self._events(led[n]) for n in {0, len(led) // 2}]
        return load

    async def lead(self, journey_id: str) -> None:
        """One journey from its referral to its end, or as far as was asked for. Raises Stuck."""
        person = _Person(self._door, journey_id)
        for number, op in enumerate(self._shape.ops[: self._only], 1):
            await self._within(person.do(op), journey_id, op, number)
        if self._only is None:
            end = {"op": "end"}
            result = self._door.handle(journey_id).result()
            await self._within(result, journey_id, end, len(self._shape.ops))

    async def _within(
        self, step: Awaitable[object], journey_id: str, op: Json, number: int
    ) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await step
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            workflow_id = journey_id + op.get("on", "")
            what = f"{op['op']} {op.get('name', '')}".strip()
            standing = await self._door.standing(workflow_id, op)
            raise Stuck(
                f"{workflow_id} at step {number} of {len(self._shape.ops)} ({what}) "
                f"for {PATIENCE_S:.0f} s: {standing}"
            ) from None

    async def _events(self, journey_id: str) -> int:
        """Events of a journey that was led, with its sessions when it came so far."""
        names = [""] if self._only else [*self._shape.parts]
        parts = [await read_part(self._client, journey_id + name) for name in names]
        return sum(part.events for part in parts)


class _Person:
    """Where the people of one journey are, and what time it is for them."""

    def __init__(self, door: Door, journey_id: str) -> None:
        self._door = door
        self._id = journey_id
        self._ahead = timedelta()
        self._jumped_to = datetime.fromtimestamp(0, UTC)

    async def do(self, op: Json) -> None:
        now = datetime.fromtimestamp(time(), UTC) + self._ahead
        match op["op"]:
            case "start":
                await self._door.begin(self._id, op, now)
            case "update":
                args = self._door.fill(op["args"], self._id, now)
                await self._door.update(self._id + op["on"], op["name"], args)
            case "jump":
                step = timedelta(seconds=op["seconds"])
                self._ahead += step
                self._jumped_to = now + step - min(step / 2, timedelta(seconds=1))
                await self._door.jump(self._id, op["args"])
            case "look" | "clock":
                await self._door.see(self._id + op["on"], op, self._jumped_to)


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
