"""`journey demo --keep` as a newcomer runs it, and the record that it leaves to look at."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runtime.temporal import connect
from simulator.demo_checks import look
from simulator.http_door import HttpDoor
from simulator.stack import ROOT, Stack, settings_of
from tests.stack.retelling import Retelling

ENDS_WITHIN_S = 240
LEAVES_WITHIN_S = 60
STAYS_UP = "The stack stays up"
JOURNEY = re.compile(r"^\s+journey\s+(journey-\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Undisturbed:
    """A telling that nothing hit, and what `journey demo` said about it."""

    told: Retelling
    demo_exit_code: int
    demo_printed: str


@dataclass
class KeptDemo:
    """A demonstration at work; `folder` holds its stack's directory."""

    process: subprocess.Popen[str]
    folder: Path
    _lines: list[str] = field(default_factory=list)
    _stays: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        """Take in what it prints, until it prints no more."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)
            if STAYS_UP in line:
                self._stays.set()
        self._stays.set()

    def told(self) -> Undisturbed:
        """Once it has told everything: its record read from outside, and then Ctrl-C."""
        assert self._stays.wait(ENDS_WITHIN_S), self._printed
        assert self.process.poll() is None, self._printed
        record = asyncio.run(self._record())
        self.process.send_signal(signal.SIGINT)
        return Undisturbed(record, self.process.wait(LEAVES_WITHIN_S), self._printed)

    @property
    def _printed(self) -> str:
        return "".join(self._lines)

    async def _record(self) -> Retelling:
        (directory,) = self.folder.glob("journey-demo-*/data")
        addresses = json.loads((directory / "stack.json").read_text())
        stack = Stack(addresses, settings_of(directory), directory, self.process)
        found = JOURNEY.search(self._printed)
        assert found, self._printed
        door = HttpDoor(stack.addresses["api"], stack.settings)
        client = await connect(stack.settings, identity="looking-around", wait_s=60)
        try:
            return Retelling(await look(stack, door, client, found[1]), found[1], [])
        finally:
            await door.close()


@contextmanager
def kept_demo() -> Iterator[KeptDemo]:
    """It is being told while the caller does something else; afterwards nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="kept-demo-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user looks for its files in it
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "demo", "--keep"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "160", "JOURNEY_ENV_FILE": "", "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        demo = KeptDemo(process, Path(folder))
        listener = threading.Thread(target=demo.listen)
        listener.start()
        try:
            yield demo
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(LEAVES_WITHIN_S)
            listener.join()
            assert process.stdout is not None
            process.stdout.close()
