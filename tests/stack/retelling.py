"""The demonstration's story told again while parts of the stack are killed, and its final record
in a form that can be laid beside that of an undisturbed day.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.temporal import connect
from schemas.base import Command
from simulator.demo_checks import Findings, look
from simulator.demo_story import tell
from simulator.http_door import HttpDoor
from simulator.stack import Stack

BACK_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.02
STRIKES_FIRST_S = 0.02

ANSWERS = frozenset({"LetterFiled", "LetterNotFiled"})
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:[\d:.]+(Z|[+-]\d\d:\d\d)?)?")
KEY = re.compile(
    r"ed25519:[A-Za-z0-9_:=.-]+|\b(staff-\d+|close|cli|update)-[0-9a-f]{12,}|\b[0-9a-f]{32,}\b"
)


@dataclass(frozen=True)
class Kill:
    """`kill -9` of one component on the way of the `nth` command of a kind: `after_s` seconds
    after that command was sent, or, when that is None, right before it."""

    component: str
    kind: str
    nth: int
    after_s: float | None = None

    def __str__(self) -> str:
        return f"{self.component} at {self.kind} {self.nth}"


KILLS = (
    # The clinic's letters and mails of the evaluation are on their way.
    Kill("worker-notifications", "record_evaluation", 1, after_s=0.05),
    # In the middle of the first infusion, a reading unanswered.
    Kill("worker-journeys", "record_vitals", 4, after_s=0.01),
    # The dose log must be on record before the pump starts, and nobody is there to write it.
    Kill("worker-records", "start_dosing", 2),
    # The dose log is being written.
    Kill("postgres", "start_dosing", 3, after_s=0.03),
    # An update is in flight.
    Kill("temporal", "record_vitals", 36, after_s=0.01),
    # The caller hears no answer, and asks again.
    Kill("server", "discharge", 5, after_s=0.01),
    Kill("mail", "record_scores", 1),
)
"""One of each part, one after the other, in one telling."""


@dataclass
class Struck:
    """A kill that was done: at which command of the whole story, and after how many seconds the
    supervisor had started the component again."""

    kill: Kill
    command: int
    back_s: float = 0.0


@dataclass
class Retelling:
    """One telling of the story: the record as it reads at its end, when each of its commands was
    answered (seconds from the beginning), and what was done to it."""

    findings: Findings
    journey_id: str
    answered_s: list[float]
    struck: list[Struck] = field(default_factory=list)

    def delays(self) -> Iterator[str]:
        """How long each kill kept its own command from an answer."""
        for struck in self.struck:
            took = self.answered_s[struck.command] - self.answered_s[struck.command - 1]
            yield f"{struck.kill}: started again in {struck.back_s:.1f} s, answered in {took:.1f} s"


async def retell(stack: Stack, kills: Sequence[Kill] = ()) -> Retelling:
    """Tell the whole story on a running stack, with these kills on its way."""
    door = KillingDoor(stack, kills)
    journey_id = ""
    try:
        async for journey_id, _ in tell(stack, door):  # noqa: B007 - the last one is kept
            continue
        client = await connect(stack.settings, identity="retelling", wait_s=60)
        findings = await look(stack, door, client, journey_id)
    finally:
        await door.close()
    assert not door.left, f"never came to: {', '.join(map(str, door.left))}"
    return Retelling(findings, journey_id, door.answered_s, door.struck)


class KillingDoor(HttpDoor):
    """The staff's door, with a saboteur behind it."""

    def __init__(self, stack: Stack, kills: Sequence[Kill]) -> None:
        super().__init__(stack.addresses["api"], stack.settings)
        self._stack = stack
        self._began = time.monotonic()
        self._sent: dict[str, int] = {}
        self.left = list(kills)
        self.struck: list[Struck] = []
        self.answered_s: list[float] = []

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        self._sent[kind] = self._sent.get(kind, 0) + 1
        due = [k for k in self.left if k.kind == kind and k.nth == self._sent[kind]]
        strikes = [asyncio.create_task(self._strike(kill)) for kill in due]
        if any(kill.after_s is None for kill in due):
            await asyncio.sleep(STRIKES_FIRST_S)
        receipt = await super().send(workflow_id, kind, command)
        await asyncio.gather(*strikes)
        self.answered_s.append(time.monotonic() - self._began)
        return receipt

    async def _strike(self, kill: Kill) -> None:
        """Kill it, and return when its supervisor has started another one."""
        self.left.remove(kill)
        struck = Struck(kill, len(self.answered_s))
        self.struck.append(struck)
        await asyncio.sleep(kill.after_s or 0)
        killed = self._stack.component(kill.component)
        assert killed is not None, f"{kill.component} does not run"
        os.kill(killed, signal.SIGKILL)
        began = time.monotonic()
        while (now := self._stack.component(kill.component)) is None or now == killed:
            assert time.monotonic() - began < BACK_WITHIN_S, f"{kill.component} is not back"
            await asyncio.sleep(LOOK_AGAIN_S)
        struck.back_s = time.monotonic() - began


def facts_in_order(told: Retelling) -> dict[str, list[tuple[Any, ...]]]:
    """Every workflow's facts by sequence, without moments, keys and the journey's own id. What an
    outside system answers in its own time (`ANSWERS`) stands after the rest: its place is free."""
    facts: dict[str, list[tuple[Any, ...]]] = {}
    in_order = sorted(told.findings.timeline, key=lambda e: int(e["sequence"]))
    for event in sorted(in_order, key=lambda e: e["kind"] in ANSWERS):
        workflow = _plain(event["workflow_id"], told.journey_id)
        what = _plain(event["data"], told.journey_id)
        facts.setdefault(workflow, []).append((event["kind"], event["actor_id"], what))
    return facts


def deliveries(told: Retelling) -> list[tuple[Any, ...]]:
    """Every delivery row: who was owed which message, and what became of it."""
    return sorted(
        (
            _plain(m["workflow_id"], told.journey_id),
            _plain(m["occurrence"], told.journey_id),
            m["template"],
            m["channel"],
            m["recipient_role"] or "patient",
            m["status"],
        )
        for m in told.findings.messages
    )


OTHERWISE_NEXT_TIME = frozenset({"by_seconds", "observer_change"})
"""How far the clock had to jump, and whether the nurse is the one whom the book had free."""


def _plain(value: Any, journey_id: str) -> Any:
    match value:
        case str():
            return KEY.sub("<key>", MOMENT.sub("<moment>", value.replace(journey_id, "journey")))
        case dict():
            return {
                name: _plain(inner, journey_id)
                for name, inner in value.items()
                if name not in OTHERWISE_NEXT_TIME
            }
        case list():
            return [_plain(inner, journey_id) for inner in value]
        case _:
            return value
