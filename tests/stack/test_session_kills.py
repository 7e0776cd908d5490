"""`kill -9` of the workflow worker between each two steps of an infusion day leaves the record of a
day which nothing hit: no dose started twice, nobody told twice.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.base import Command
from simulator import papers
from simulator.demo_checks import Findings, _messages, _timeline
from simulator.http_door import HttpDoor
from simulator.stack import Stack, running_stack
from simulator.staff import Staff
from tests.stack.retelling import Retelling, deliveries, facts_in_order

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.thorough,
]

DAY = "journey-infusion-1"
EVERY = 1
"""A kill after so many steps."""


@dataclass
class Told:
    """One infusion day as it stands on record; what was killed before which command, and how many
    seconds that command then took."""

    record: Retelling
    killed: list[int] = field(default_factory=list)
    took_s: list[tuple[str, float]] = field(default_factory=list)

    @property
    def facts(self) -> Counter[str]:
        """The day's facts with who said so, whatever their order."""
        return Counter(map(str, facts_in_order(self.record)[DAY]))

    @property
    def kinds(self) -> Counter[str]:
        return Counter(kind for kind, *_ in facts_in_order(self.record)[DAY])


class DeadlyDoor(HttpDoor):
    """The staff's door; from `armed` on the worker dies between each two steps at the chair."""

    def __init__(self, stack: Stack, every: int) -> None:
        super().__init__(stack.addresses["api"], stack.settings)
        self._every = every
        self._stack = stack
        self.armed = False
        self.killed: list[int] = []
        self.took_s: list[tuple[str, float]] = []

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        at_the_chair = "-infusion-" in workflow_id
        step = len(self.took_s)
        if self.armed and at_the_chair and step and step % self._every == 0:
            await self._kill()
        began = time.monotonic()
        receipt = await super().send(workflow_id, kind, command)
        if at_the_chair:
            self.took_s.append((kind, time.monotonic() - began))
        return receipt

    async def _kill(self) -> None:
        """The one that runs now: not the one killed before, which may still be in the book."""
        worker = self._stack.component("worker-journeys")
        while worker is None or worker in self.killed[-1:]:
            await self.settle()
            worker = self._stack.component("worker-journeys")
        self.killed.append(worker)
        os.kill(worker, signal.SIGKILL)


async def tell(stack: Stack, number: str, every: int, *, deadly: bool) -> Told:
    """One patient's first infusion: a confirmed pressure pauses it, an order resumes it."""
    door = DeadlyDoor(stack, every)
    try:
        referral = papers.referral(number).model_dump_json().encode()
        journey_id = await door.refer("/v1/referrals", referral, "application/json")
        staff = Staff(door, journey_id)
        await staff.prepare()
        await staff.booked()
        door.armed = deadly
        await staff.treat(pause=True)
        findings = Findings(
            timeline=await _timeline(door, journey_id),
            messages=await _messages(stack, journey_id),
            mails=[],
        )
    finally:
        await door.close()
    return Told(Retelling(findings, journey_id, []), door.killed, door.took_s)


async def both(every: int) -> tuple[Told, Told]:
    with running_stack() as stack:
        undisturbed = await tell(stack, "R-QUIET-1", every, deadly=False)
        return undisturbed, await tell(stack, "R-KILLED-1", every, deadly=True)


def test_a_worker_killed_between_each_two_steps_leaves_the_record_of_an_undisturbed_day() -> None:
    """Each kill costs ten seconds; one worker that dies in mid-session stands in test_kills.py."""
    undisturbed, killed = asyncio.run(both(EVERY))

    for (kind, quiet_s), (_, took_s) in zip(undisturbed.took_s, killed.took_s, strict=True):
        print(f"{kind}: {quiet_s:.2f} s undisturbed, {took_s:.1f} s after a kill")
    steps = len(undisturbed.took_s)
    assert len(set(killed.killed)) == (steps - 1) // EVERY, "a kill between each two of them"
    assert killed.facts == undisturbed.facts
    assert killed.kinds["DosingStarted"] == killed.kinds["DoseLogged"] == 1
    assert _of_the_day(killed) == _of_the_day(undisturbed), "nobody is told twice, nobody less"


def _of_the_day(told: Told) -> list[tuple[Any, ...]]:
    return [row for row in deliveries(told.record) if row[0] == DAY]
