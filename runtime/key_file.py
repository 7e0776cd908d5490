"""A file of keys on disk: closed to others, put in place whole, changed by one writer at a time."""

import base64
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator

KEY_BYTES = 32
Mark = tuple[int, int, int]
"""By what a changed file is noticed: time, size, inode."""


class KeysError(Exception):
    """The key file cannot be used; the message says why and names the file, never a key."""


def _from_text(given: object) -> bytes:
    raw = base64.b64decode(given, validate=True) if isinstance(given, str) else given
    if not isinstance(raw, bytes) or len(raw) != KEY_BYTES:
        raise ValueError("a key is 32 bytes, base64")
    return raw


def base64url(raw: bytes) -> str:
    """Some bytes as they go into a message, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


Secret = Annotated[
    bytes,
    PlainValidator(_from_text),
    PlainSerializer(lambda raw: base64.b64encode(raw).decode(), return_type=str),
]


class KeyPart(BaseModel):
    """A part of a key file, which never shows itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


F = TypeVar("F", bound=KeyPart)


def mark(path: Path) -> Mark:
    """The file's mark now. Raises `KeysError`."""
    try:
        found = path.stat()
    except OSError as error:
        raise KeysError(f"key file {path}: {error.strerror}") from None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def read(path: Path, model: type[F]) -> F:
    """What is in the file. Raises `KeysError`, also for a file that others may read."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
            raise KeysError(f"key file {path} is open to everyone; chmod 600 it")
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise KeysError(f"key file {path}: {error.strerror}") from None
    except ValueError:
        raise KeysError(f"key file {path} is not a key file") from None


def publish(path: Path, content: KeyPart) -> None:
    """Put the file in place unless somebody was first: a link never overwrites."""
    beside = _written_beside(path, content)
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def replace(path: Path, content: KeyPart) -> None:
    """Put the file in place of the one there. Raises `KeysError`."""
    try:
        _written_beside(path, content).replace(path)
    except OSError as error:
        raise KeysError(f"key file {path}: {error.strerror}") from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time, across processes; the kernel lets go when a process dies."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _written_beside(path: Path, content: KeyPart) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(content.model_dump_json(indent=2))
        out.flush()
        os.fsync(out.fileno())
    return Path(name)
