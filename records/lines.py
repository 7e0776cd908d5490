"""One fact on record as the lists are derived from it, and one change of a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on record, with whose it is."""

    workflow_id: str
    journey_id: str
    clinic: str
    sequence: int
    kind: str
    at: datetime
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement by name, with its arguments."""

    query: str
    arguments: tuple[object, ...]
