"""Ctrl-C, SIGTERM and a closed terminal: from the first moment to the last they mean one thing."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """Counts how often we were asked to stop. Installed before anything is made and kept until
    all of it is gone, so that no signal finds a moment in which it would leave something behind."""

    def __init__(self) -> None:
        self.count = 0
        self._heard: Callable[[], None] = lambda: None
        for number in SIGNALS:
            signal.signal(number, self._hear)

    def tell(self, heard: Callable[[], None]) -> None:
        """Call `heard` in the running loop at every request; at once if there was one already."""
        loop = asyncio.get_running_loop()
        self._heard = lambda: _call_if_open(loop, heard)
        if self.count:
            heard()

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self._heard()


def _call_if_open(loop: asyncio.AbstractEventLoop, heard: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(heard)
