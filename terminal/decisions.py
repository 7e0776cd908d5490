"""The medical director's test bench: facts in, the decision with every reason out."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, JsonValue

from clinical.decision_kind import DecisionKind
from clinical.decisions import DECISIONS
from clinical.parameters import Parameters
from clinical.protocol import parse_protocol
from terminal.files import read_text
from terminal.output import print_json, print_pairs, print_table


def decide(kind: str, file: str, protocol: Path | None, *, as_json: bool) -> None:
    """Print the decision on the facts in `file`, by the parameters of `protocol` (the standard
    ones without it): from the same functions that the journeys call.

    Raises:
        ValueError, ValidationError, ProtocolRefused: when kind, facts or protocol are
            not what they should be; each problem is named.
    """
    decision = known(kind).judge_json(read_text(file), _parameters(protocol))
    if as_json:
        print_json(decision)
    else:
        _print(kind, decision)


def print_schema(kind: str) -> None:
    """Print the JSON Schema of the facts that this kind takes."""
    print(json.dumps(known(kind).schema(), indent=2, ensure_ascii=False))


def known(kind: str) -> "DecisionKind[BaseModel]":
    """The decision of this name. Raises ValueError with the names that there are."""
    found = DECISIONS.get(kind.replace("_", "-"))
    if found is None:
        raise ValueError(f"{kind!r} is no decision; there are {', '.join(DECISIONS)}")
    return found


def _parameters(protocol: Path | None) -> Parameters:
    if protocol is None:
        return Parameters.default()
    return Parameters(parse_protocol(read_text(str(protocol)), str(protocol)).parameters)


def _print(kind: str, decision: BaseModel) -> None:
    """Plain values first, then each list of findings as a table."""
    content: Mapping[str, JsonValue] = decision.model_dump(mode="json")
    tables = {name: value for name, value in content.items() if _is_table(value)}
    plain = [(name, _plain(value)) for name, value in content.items() if name not in tables]
    print_pairs(f"Decision: {kind}", plain)
    for name, rows in tables.items():
        assert isinstance(rows, list)
        found = [row for row in rows if isinstance(row, dict)]
        columns = list(dict.fromkeys(key for row in found for key in row))
        print_table(name, columns, [[_plain(row.get(key)) for key in columns] for row in found])


def _is_table(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _plain(value: JsonValue) -> object:
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {_plain(part)}" for name, part in value.items() if part is not None
        )
    if isinstance(value, list):
        return [str(_plain(part)) for part in value]
    return value
