"""A stack for the demonstration: `journey up` as anybody would start it, on free ports."""

import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runtime.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
PORTS = ("api", "temporal", "ui", "mail", "smtp", "postgres")
FREE_PORTS = range(20_000, 32_000)
"""Below the range from which systems take ports for outgoing calls: a port found free here stays
free until its server has it."""

STOP_WITHIN_S = 30
LOOK_AGAIN_S = 0.2

Answer = TypeVar("Answer")


class StackDidNotStart(Exception):  # noqa: N818 - what the person at the terminal reads
    """The stack did not come up; the message is its own last words."""


class StackEnded(Exception):  # noqa: N818 - what the person at the terminal reads
    """The stack ended while it was needed."""


@dataclass(frozen=True)
class Stack:
    """A running stack: its addresses by their public names, its settings, its processes."""

    addresses: dict[str, str]
    settings: Settings
    directory: Path
    process: subprocess.Popen[str]

    def component(self, name: str) -> int | None:
        """The process id of one component, as its supervisor keeps it; None while it is down."""
        record = json.loads((self.directory / "processes.json").read_text())
        return next((int(entry["pid"]) for entry in record if entry["name"] == name), None)

    async def serving(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The work's answer. Components that die come back by themselves and only delay it; when
        the stack as a whole has ended there is nothing to wait for: raises `StackEnded`."""
        working = asyncio.ensure_future(work)
        while not working.done():
            if self.process.poll() is not None:
                working.cancel()
                await asyncio.wait([working])
                raise StackEnded(f"the stack ended with exit code {self.process.returncode}")
            await asyncio.wait([working], timeout=LOOK_AGAIN_S)
        return working.result()


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Start a stack in a temporary directory; it is stopped, and the directory gone, at the end."""
    directory = Path(tempfile.mkdtemp(prefix="journey-demo-"))
    log = directory / "stack.log"
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command, our own arguments
            [*_journey(), "up", "--json", "--with-parent", "--data-dir", str(directory / "data")]
            + [part for name, port in _ports().items() for part in (f"--{name}-port", str(port))],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, "JOURNEY_ENV_FILE": ""},
        )
    try:
        yield _ready(process, directory / "data", log)
    finally:
        _stop(process)
        _remove(directory)


def _journey() -> list[str]:
    return [sys.executable, "-m", "cli"]


def _ready(process: subprocess.Popen[str], directory: Path, log: Path) -> Stack:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.strip():
        words = log.read_text().strip().splitlines()
        raise StackDidNotStart(words[-1] if words else "no word from the stack")
    return Stack(json.loads(line), settings_of(directory), directory, process)


def settings_of(directory: Path) -> Settings:
    """The settings that the processes of the stack in this directory have."""
    before = os.environ.get("JOURNEY_ENV_FILE")
    os.environ["JOURNEY_ENV_FILE"] = str(directory / "stack.env")
    try:
        return load_settings()
    finally:
        if before is None:
            del os.environ["JOURNEY_ENV_FILE"]
        else:
            os.environ["JOURNEY_ENV_FILE"] = before


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN_S)
    if process.stdout is not None:
        process.stdout.close()


def _remove(directory: Path) -> None:
    """Again and again for a while: what a killed stack left running may still be writing."""
    until = time.monotonic() + STOP_WITHIN_S
    while directory.exists() and time.monotonic() < until:
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(LOOK_AGAIN_S if directory.exists() else 0)


def _ports() -> dict[str, int]:
    """A free port for each component that takes one."""
    chance = random.SystemRandom()
    taken: dict[str, int] = {}
    for name in PORTS:
        port = chance.choice(FREE_PORTS)
        while port in taken.values() or not _is_free(port):
            port = chance.choice(FREE_PORTS)
        taken[name] = port
    return taken


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
