"""Running stacks as a person does: in a process of their own, from outside."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from embedded.ports import take_free
from embedded.stack import DEFAULT_PORTS

ROOT = Path(__file__).resolve().parents[2]
SMALL_STACK = (sys.executable, "-m", "tests.embedded.small_stack")
ANSWERS_WITHIN_S = 90
ENDS_WITHIN_S = 60


class RunningStack:
    """A stack that was started: what it printed, its processes, its end."""

    def __init__(self, *command: str, temporary: Path) -> None:
        self.temporary = temporary
        self.log: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary), "JOURNEY_ENV_FILE": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def addresses(self) -> dict[str, str]:
        """Its one line; fails with its log when it ends without one."""
        assert self.process.stdout is not None
        timer = threading.Timer(ANSWERS_WITHIN_S, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        assert line, "".join(self.log[-60:])
        found: dict[str, str] = json.loads(line)
        return found

    def components(self) -> dict[str, psutil.Process]:
        """Its direct children by what they are."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                command = " ".join(child.cmdline())
            except psutil.Error:
                # It ended a moment ago.
                continue
            for name, sign in SIGNS.items():
                if sign in command:
                    found[name] = child
        return found

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(ENDS_WITHIN_S)
        self._reader.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)


SIGNS = {
    "postgres": "bin/postgres -D",
    "temporal": "server start-dev",
    "stand-in": "time.sleep",
    "mail": "embedded.mail_catcher",
    "server": "-m server",
    "worker-journeys": "--queues journeys",
    "worker-records": "--queues records",
    "worker-notifications": "--queues notifications",
}


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that another system user may pass through: PostgreSQL never runs as root."""
    with tempfile.TemporaryDirectory(prefix="journey-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def started_in(folder: Path) -> Iterator[Callable[..., RunningStack]]:
    """Start stacks; whatever is left running at the end is ended."""
    stacks: list[RunningStack] = []

    def start(*command: str) -> RunningStack:
        stacks.append(RunningStack(*command, temporary=folder))
        return stacks[-1]

    yield start
    for stack in stacks:
        if stack.process.poll() is None:
            left = stack.family()
            stack.process.kill()
            stack.ended()
            for process in left:
                if process.is_running():
                    process.kill()


def fixed(folder: Path) -> list[str]:
    """Options of a stack that keeps its directory and its ports."""
    ports = take_free(DEFAULT_PORTS)
    pairs = [f"--port={name}={number}" for name, number in ports.items()]
    return [f"--data-dir={folder / 'data'}", *pairs]


@dataclass(frozen=True)
class Standing:
    """A stack that several tests look at, or harm in ways it must heal from."""

    stack: RunningStack
    addresses: dict[str, str]
    options: list[str]
    data: Path


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    """One small stack for all the tests of a module that do not stop it."""
    with open_folder() as folder, started_in(folder) as start:
        options = fixed(folder)
        stack = start(*SMALL_STACK, *options)
        yield Standing(stack, stack.addresses(), options, folder / "data")
        assert stack.stop() == 0


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def run(place: Path) -> Iterator[Callable[..., RunningStack]]:
    with started_in(place) as start:
        yield start


@pytest.fixture
def small_stack(run: Callable[..., RunningStack]) -> Callable[..., RunningStack]:
    """Start PostgreSQL, Temporal and a stand-in under the real supervisor."""
    return lambda *options: run(*SMALL_STACK, *options)


def gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run after a while; empty when all have ended."""
    _, alive = psutil.wait_procs(processes, timeout=60)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
