"""A protocol written as the YAML file a medical director reviews and signs."""

from collections.abc import Iterator

from clinical.parameters import PARAMETERS, Parameter, Parameters
from clinical.protocol_approvals import duration_text
from clinical.protocol_notifications import notification_lines
from schemas.approval import ApprovalKind
from schemas.protocol import ApprovalRule, ParameterValue, Protocol

_APPROVALS = frozenset(ApprovalKind)
_BARE = ("bool", "enum", "rule", "days x sessions")
_HEAD = """\
# A treatment protocol: every parameter with its unit, the approval table, what patients are told.
# What each means, its source and who may change it: docs/parameters.md.
# Marked [D] there: a design default that the clinic's medical director must approve.
"""


def protocol_yaml(protocol: Protocol) -> str:
    """The file text that `parse_protocol` reads back as exactly this protocol."""
    return "\n".join(_lines(protocol)) + "\n"


def _lines(protocol: Protocol) -> Iterator[str]:
    values = Parameters(protocol.parameters)
    yield _HEAD + f"code: {protocol.code}"
    yield f"version: {protocol.version}"
    yield "\nparameters:"
    group = ""
    for name, parameter in PARAMETERS.items():
        first = name.split(".", maxsplit=1)[0]
        if first != group and group:
            yield ""
        group = first
        yield f"  {name}: {value_text(parameter, values.raw(name))}"
    yield "\napprovals:"
    for kind, rule in protocol.approvals.items():
        yield from _rule_lines(kind, rule)
    yield "\nnotifications:"
    yield from notification_lines(protocol.notifications)


def value_text(parameter: Parameter, value: ParameterValue) -> str:
    """A value with its unit: `30 days`, `true`, `7x4, 14x4`."""
    items = value if isinstance(value, tuple) else (value,)
    text = ", ".join(_item_text(item) for item in items)
    return text if parameter.unit in _BARE else f"{text} {parameter.unit}"


def _item_text(item: ParameterValue) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    return f"{item:g}" if isinstance(item, float) else str(item)


def _rule_lines(kind: str, rule: ApprovalRule) -> Iterator[str]:
    yield f"  {kind}:"
    yield f"    slots: [{', '.join(role.value for role in rule.slots)}]"
    yield f"    due: {duration_text(rule.due)}"
    yield f"    remind_every: {duration_text(rule.remind_every)}"
    yield f"    escalation: [{', '.join(role.value for role in rule.escalation)}]"
    yield f"    escalate_every: {duration_text(rule.escalate_every)}"
    yield f"    on_expiry: {rule.on_expiry.value}"
    if kind in _APPROVALS:
        yield f"    self_approval: {rule.self_approval.value}"
        yield f"    distinct_people: {_item_text(rule.distinct_people)}"
        yield f"    decline_reasons: [{', '.join(rule.decline_reasons)}]"
        yield f"    decline_needs_reason: {_item_text(rule.decline_needs_reason)}"
        yield f"    step_up: {_item_text(rule.step_up)}"
