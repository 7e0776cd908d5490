"""Reading what a person hands over: a file by its name, or stdin."""

import json
import sys
from pathlib import Path

from pydantic import JsonValue

from terminal.failures import CommandFailedError

LARGEST_BYTES = 1_000_000


def read_json(name: str) -> JsonValue:
    """The JSON in a file; `-` is stdin.

    Raises:
        CommandFailedError: when it cannot be read, is too large, or is no JSON.
    """
    text = read_text(name)
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise CommandFailedError(f"{name} is not JSON{where}") from None
    return value


def read_text(name: str) -> str:
    """The text in a file; `-` is stdin.

    Raises:
        CommandFailedError: when it cannot be read or is larger than a command may be.
    """
    try:
        raw = sys.stdin.buffer.read(LARGEST_BYTES + 1) if name == "-" else _bytes(Path(name))
    except OSError as error:
        raise CommandFailedError(f"{name} cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_BYTES:
        raise CommandFailedError(f"{name} is larger than {LARGEST_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandFailedError(f"{name} is not UTF-8 text") from None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)
