"""The directory where a stack keeps its state, and who holds it."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import StackError

LOCK_NAME = "holder.lock"
TEMPORARY_PREFIX = "journey-stack-"
SWEPT_AFTER_S = 60.0
DIRECTORY_MODE = 0o711
"""Others may pass through (the database may run as another user) but see nothing."""


class DirectoryHeldError(StackError):
    """Another stack runs on this data directory."""

    def __init__(self, directory: Path, pid: str) -> None:
        super().__init__(
            f"{directory} is held by a running stack (pid {pid or 'unknown'}): "
            "stop it, or choose another with --data-dir"
        )


@contextmanager
def hold(directory: Path) -> Iterator[Path]:
    """Hold the data directory while the stack runs. The lock is the kernel's: it ends with the
    process that holds it, even when that is killed.

    Raises:
        DirectoryHeldError: when another process holds it; the message says which.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(DIRECTORY_MODE)
    with (directory / LOCK_NAME).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DirectoryHeldError(directory, lock.read().strip()) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield directory


@contextmanager
def temporary() -> Iterator[Path]:
    """A data directory that is gone when the stack stops."""
    _sweep()
    directory = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sweep() -> None:
    """Remove temporary data directories whose stack was killed before it could."""
    for lock_path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY_PREFIX}*/{LOCK_NAME}"):
        directory = lock_path.parent
        try:
            if time.time() - lock_path.stat().st_mtime < SWEPT_AFTER_S:
                continue
            with hold(directory):
                shutil.rmtree(directory, ignore_errors=True)
        except (OSError, DirectoryHeldError):
            continue
