"""A stack for the demonstration: `journey up` as anybody would start it, on free ports."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
PORTS = ("api", "temporal", "ui", "mail", "smtp", "postgres")
START_WITHIN_S = 120
STOP_WITHIN_S = 30


class StackDidNotStart(Exception):  # noqa: N818 - what the person at the terminal reads
    """The stack did not come up; the message is its own last words."""


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


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Start a stack in a temporary directory; it is stopped, and the directory gone, at the end."""
    directory = Path(tempfile.mkdtemp(prefix="journey-demo-"))
    log = directory / "stack.log"
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command, our own arguments
            [*_journey(), "up", "--json", "--with-parent", "--data-dir", str(directory / "data")]
            + [part for name in PORTS for part in (f"--{name}-port", str(_free_port()))],
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
        shutil.rmtree(directory, ignore_errors=True)


def _journey() -> list[str]:
    return [sys.executable, "-m", "cli"]


def _ready(process: subprocess.Popen[str], directory: Path, log: Path) -> Stack:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.strip():
        words = log.read_text().strip().splitlines()
        raise StackDidNotStart(words[-1] if words else "no word from the stack")
    return Stack(json.loads(line), _settings(directory), directory, process)


def _settings(directory: Path) -> Settings:
    """The settings that the stack's own processes have."""
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
