"""Where a running stack answers: for people, for scripts (stack.json) and shells (stack.env)."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from embedded.files import write_atomically

JSON_NAME = "stack.json"
ENV_NAME = "stack.env"


@dataclass(frozen=True)
class Addresses:
    """The addresses that `journey up --json` prints, under their public names."""

    api: str
    console: str
    temporal: str
    temporal_ui: str
    namespace: str
    database: str
    mail: str
    codec: str


def publish(directory: Path, addresses: Addresses, environment: Mapping[str, str]) -> None:
    """Write stack.json and stack.env. Both hold the database password: owner only."""
    write_atomically(directory / JSON_NAME, json.dumps(asdict(addresses)) + "\n")
    lines = [f"{name}={shlex.quote(value)}" for name, value in sorted(environment.items())]
    write_atomically(directory / ENV_NAME, "\n".join(lines) + "\n")


def withdraw(directory: Path) -> None:
    """Remove both: nothing answers there any more."""
    for name in (JSON_NAME, ENV_NAME):
        (directory / name).unlink(missing_ok=True)
