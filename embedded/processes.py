"""The processes of a stack: tied to their supervisor's life, and found again after its death."""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from embedded.files import write_atomically

PR_SET_PDEATHSIG = 1
CREATED_WITHIN_S = 1.0
"""A recorded process is the same one only if it was created at the recorded moment: process
ids are used again."""


@dataclass(frozen=True)
class Recorded:
    """One running process as the data directory remembers it."""

    name: str
    pid: int
    created_at_s: float
    stop_signal: int
    grace_s: float


class ProcessRecord:
    """The list of running processes, kept in the data directory for whoever comes next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._running: dict[str, Recorded] = {}

    def add(self, name: str, pid: int, stop_signal: signal.Signals, grace_s: float) -> None:
        """Remember a process that was just started."""
        try:
            created_at_s = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        self._running[name] = Recorded(name, pid, created_at_s, int(stop_signal), grace_s)
        self._write()

    def remove(self, name: str) -> None:
        """Forget a process that has ended."""
        if self._running.pop(name, None) is not None:
            self._write()

    def leftovers(self) -> list[Recorded]:
        """What an earlier supervisor started, did not live to stop, and still runs."""
        try:
            lines = json.loads(self._path.read_text())
            found = [Recorded(**line) for line in lines]
        except (OSError, ValueError, TypeError):
            return []
        return [recorded for recorded in found if living(recorded) is not None]

    def _write(self) -> None:
        lines = [asdict(recorded) for recorded in self._running.values()]
        write_atomically(self._path, json.dumps(lines))


def living(recorded: Recorded) -> psutil.Process | None:
    """The recorded process if it still runs; None when it ended or its id is another's now."""
    try:
        process = psutil.Process(recorded.pid)
        same = abs(process.create_time() - recorded.created_at_s) < CREATED_WITHIN_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def stop_leftover(recorded: Recorded) -> None:
    """Stop one leftover: politely first, for good after its grace."""
    process = living(recorded)
    if process is None:
        return
    family = [process, *process.children(recursive=True)]
    try:
        process.send_signal(recorded.stop_signal)
    except psutil.NoSuchProcess:
        return
    _, stubborn = psutil.wait_procs(family, timeout=recorded.grace_s)
    for member in stubborn:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(stubborn, timeout=recorded.grace_s)


def end_with_parent() -> None:
    """Have the kernel ask us to stop when the program that started us dies, however it dies.
    For a stack that only serves another program; nothing happens where the kernel cannot."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def tie_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before it becomes its program, so that the kernel sends it `death_signal`
    when the supervisor dies, however it dies. None where the system has no such promise: there
    the next `journey up` stops what was left."""
    if sys.platform != "linux":
        return None
    # Loaded here, in the parent: between fork and exec a child must not import anything.
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
