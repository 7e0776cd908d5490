"""The one primitive for every wait, and the clinical clock it is judged by.

A wait has an absolute deadline, so that a new run, a restart or a jump of the training clock
finds it where it was. Only a training journey's clock can jump; nothing else here knows of it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import workflow


class HasClock(Protocol):
    """State that remembers how far its training clock has been moved, in seconds, and whether
    it may be: only a training journey's, and only where the deployment is for training."""

    clock_may_move: bool
    clock_offset_s: float


class Clock:
    """The clinical clock of one journey or session: real time, moved only in training."""

    def __init__(self, state: HasClock) -> None:
        self._state = state
        self._jumps = 0

    def now(self) -> datetime:
        """The clinical time, aware, in UTC."""
        return workflow.now() + timedelta(seconds=self._state.clock_offset_s)

    def real_now(self) -> datetime:
        """The engine's own time, also where the clinical clock was moved: when a machine did
        something is judged by it."""
        return workflow.now()

    @property
    def offset_s(self) -> float:
        """How far the clock stands ahead of real time, in seconds."""
        return self._state.clock_offset_s

    def advance(self, seconds: float) -> None:
        """Jump forward; every wait is judged against the new time at once."""
        self._state.clock_offset_s += max(seconds, 0.0)
        self._jumps += 1

    async def until(
        self, condition: Callable[[], bool], *, deadline: datetime | None, summary: str
    ) -> bool:
        """Wait for `condition`; True when it holds, False when `deadline` passed first.

        `summary` names the timer in the Temporal UI; it never says anything about the patient.
        """
        while not condition():  # also once woken: it may have ceased to hold in the same pass
            if deadline is None:
                await workflow.wait_condition(condition)
                continue
            remaining = deadline - self.now()
            if remaining <= timedelta(0):
                return False
            await self._sleep(condition, remaining, summary)
        return True

    async def _sleep(
        self, condition: Callable[[], bool], remaining: timedelta, summary: str
    ) -> None:
        jumps = self._jumps
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: condition() or self._jumps != jumps,
                timeout=remaining,
                timeout_summary=summary,
            )


async def after_the_story(turns: int) -> None:
    """Let the story, and the clerks with fewer turns, finish what this moment asks of them.

    The engine may hand a worker the end of an activity and an update together that another worker
    was handed one after the other. A clerk that began its activity at once would then issue its
    command before the story's timers in one telling and after them in the other, and the history
    would not replay. So each clerk waits for its own, fixed number of passes over the conditions.
    """
    for _ in range(turns):
        await workflow.wait_condition(lambda: True)
