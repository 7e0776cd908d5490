"""The stack's logs: every component's lines on one stream, each with its component's name."""

import asyncio
import queue
import sys
import threading
from typing import TextIO

LINES_WAITING = 10_000
LINE_BYTES = 16_384
COLOURS = (36, 35, 34, 33, 32, 96, 95, 94)


class LogStream:
    """Prefixed lines on stderr. A reader that stalls costs lines, never the stack: the writing is
    done by a thread of its own, and what does not fit in its queue is counted and left out."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._queue: queue.Queue[str | None] = queue.Queue(LINES_WAITING)
        self._left_out = 0
        self._writer = threading.Thread(target=self._write, name="stack-logs", daemon=True)
        self._writer.start()

    def say(self, component: str, line: str) -> None:
        """Show one line of a component's."""
        try:
            self._queue.put_nowait(f"{self._prefix(component)} {line}\n")
        except queue.Full:
            self._left_out += 1

    async def pump(self, component: str, pipe: asyncio.StreamReader) -> None:
        """Show what a process prints until it closes its output."""
        rest = b""
        while chunk := await pipe.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            # A line without an end must not gather in memory.
            if len(rest) > LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self.say(component, line[:LINE_BYTES].decode(errors="replace").rstrip())
        if rest:
            self.say(component, rest.decode(errors="replace"))

    def close(self, within_s: float = 1.0) -> None:
        """Write what waits, as far as the reader lets us."""
        try:
            self._queue.put(None, timeout=within_s)
        except queue.Full:
            return
        self._writer.join(within_s)

    def _prefix(self, component: str) -> str:
        name = f"{component:<20} |"
        if not self._out.isatty():
            return name
        colour = COLOURS[sum(component.encode()) % len(COLOURS)]
        return f"\x1b[{colour}m{name}\x1b[0m"

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            try:
                if self._left_out:
                    self._out.write(f"({self._left_out} lines left out)\n")
                    self._left_out = 0
                self._out.write(line)
                self._out.flush()
            except (OSError, ValueError):
                # The reader has gone; the stack goes on without one.
                continue
