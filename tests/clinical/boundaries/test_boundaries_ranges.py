"""How far a clinic's file may go: to both ends of every range, and no further (section 13)."""

from typing import Any

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


def ends(parameter: Any) -> tuple[float, float, float]:
    """Both ends of a range as a file writes them, and how little beyond is too far."""
    whole = parameter.kind is ValueKind.INTEGER
    low, high = (int(end) if whole else float(end) for end in (parameter.low, parameter.high))
    return low, high, 1 if whole else 0.001


def test_a_file_may_go_to_both_ends_of_a_range_and_no_further() -> None:
    refused, taken = [], []
    for parameter in RANGED:
        low, high, beyond = ends(parameter)
        refused += [(parameter.name, end) for end in (low, high) if loaded(parameter.name, end)]
        too_far = (low - beyond, high + beyond)
        taken += [(parameter.name, at) for at in too_far if not loaded(parameter.name, at)]

    assert refused == []
    assert taken == []
