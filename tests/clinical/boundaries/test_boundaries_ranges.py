"""How far a clinic's file may go: to both ends of every range, and no further (section 13)."""

from typing import Any

import pytest

from clinical.parameters import PARAMETERS, ValueKind
from clinical.protocol import ProtocolRefused, parse_protocol

RANGED = [
    p
    for p in PARAMETERS.values()
    if p.low is not None and p.kind in (ValueKind.NUMBER, ValueKind.INTEGER)
]


def loaded(name: str, value: float) -> list[str]:
    """The rules by which a file refuses this one value, of the name itself."""
    text = f"code: harbour\nversion: harbour-2\nparameters:\n  {name}: {value!r}\n"
    try:
        read = parse_protocol(text, "harbour.yaml")
    except ProtocolRefused as refused:
        rules = [p.rule for p in refused.problems if p.name == name]
        return [rule for rule in rules if not rule.startswith("may not be above")]
    assert read.parameters[name] == value
    return []


@pytest.mark.parametrize("parameter", RANGED, ids=lambda p: p.name)
def test_a_file_may_go_to_both_ends_of_a_range_and_no_further(parameter: Any) -> None:
    whole = parameter.kind is ValueKind.INTEGER
    low, high = (int(end) if whole else float(end) for end in (parameter.low, parameter.high))
    beyond = 1 if whole else 0.001

    assert loaded(parameter.name, low) == []
    assert loaded(parameter.name, high) == []
    assert loaded(parameter.name, low - beyond)
    assert loaded(parameter.name, high + beyond)
