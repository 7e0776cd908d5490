"""A clinic's treatment protocol: read from its file, refused with line and rule, compared."""

from collections.abc import Iterator

import yaml

from clinical.approval_rules import STANDARD_APPROVALS
from clinical.parameter_check import judge_value, misordered, read_value
from clinical.parameters import PARAMETERS, standard_protocol_values
from clinical.plain_yaml import ALIASES, compose, odd_number
from clinical.protocol_approvals import read_rule
from clinical.protocol_compare import Difference, compare
from clinical.protocol_notifications import read_notifications
from clinical.protocol_problem import Problem, ProtocolRefused, RuleBroken
from clinical.standard_protocol import standard_protocol
from schemas.protocol import ApprovalRule, NotificationRules, ParameterValue, Protocol

__all__ = [
    "Difference", "Problem", "ProtocolRefused", "compare", "parse_protocol", "standard_protocol",
]  # fmt: skip

_SECTIONS = ("code", "version", "parameters", "approvals", "notifications")
_LARGEST = 200_000


def parse_protocol(text: str, file_name: str) -> Protocol:
    """The protocol in a YAML text. Names it leaves out have their standard value, and the result
    carries every name. Raises `ProtocolRefused` with every problem, each with line and rule."""
    sections, problems = _sections(text, file_name)
    parameters, lines = _parameters(sections.get("parameters"), problems)
    approvals = _approvals(sections.get("approvals"), problems)
    notifications = _notifications(sections.get("notifications"), problems)
    for low, high in misordered(parameters):
        line = max(lines.get(low, 1), lines.get(high, 1))
        problems.append(Problem(line, low, f"may not be above {high}"))
    code, version = (_label(sections.get(key), key, problems) for key in ("code", "version"))
    if problems:
        problems.sort(key=lambda problem: problem.line)
        raise ProtocolRefused(file_name, tuple(problems))
    return Protocol(
        code=code,
        version=version,
        parameters=parameters,
        approvals=approvals,
        notifications=notifications,
    )


def _sections(text: str, file_name: str) -> tuple[dict[str, yaml.Node], list[Problem]]:
    if len(text) > _LARGEST:
        raise ProtocolRefused(file_name, (Problem(1, "file", "is larger than a protocol is"),))
    try:
        root = compose(text)
    except (yaml.YAMLError, RecursionError, ValueError) as broken:
        raise ProtocolRefused(file_name, (_unreadable(broken),)) from None
    problems: list[Problem] = []
    sections = {}
    for name, key, value in _entries(root, "file", problems):
        if name not in _SECTIONS:
            problems.append(_at(key, name, f"is unknown; known: {', '.join(_SECTIONS)}"))
        sections[name] = value
    return sections, problems


def _unreadable(broken: Exception) -> Problem:
    mark = getattr(broken, "problem_mark", None)
    alias = getattr(broken, "problem", None) == ALIASES
    return Problem(mark.line + 1 if mark else 1, "file", ALIASES if alias else "is not YAML")


def _entries(
    node: yaml.Node | None, name: str, problems: list[Problem]
) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """(name, key node, value node) of a table; what is no table, or a name twice, is a problem."""
    if not isinstance(node, yaml.MappingNode):
        problems.append(_at(node, name, "is a table of names and values"))
        return
    seen = set()
    for key, value in node.value:
        label = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if label in seen:
            problems.append(_at(key, label, "is written twice"))
        seen.add(label)
        yield label, key, value


def _parameters(
    node: yaml.Node | None, problems: list[Problem]
) -> tuple[dict[str, ParameterValue], dict[str, int]]:
    values = standard_protocol_values()
    lines: dict[str, int] = {}
    if node is None:
        problems.append(Problem(1, "parameters", "is missing"))
        return values, lines
    for name, key, value in _entries(node, "parameters", problems):
        lines[name] = key.start_mark.line + 1
        parameter = PARAMETERS.get(name)
        if parameter is None:
            problems.append(_at(key, name, "is no parameter"))
            continue
        try:
            read = read_value(parameter, _number_or_plain(value))
            refusal = judge_value(parameter, read)
        except RuleBroken as refused:
            refusal = str(refused)
        if refusal:
            problems.append(_at(key, name, refusal))
        else:
            values[name] = read
    return values, lines


def _approvals(node: yaml.Node | None, problems: list[Problem]) -> dict[str, ApprovalRule]:
    rules = dict(STANDARD_APPROVALS)
    if node is None:
        return rules
    for kind, key, value in _entries(node, "approvals", problems):
        try:
            rule, wrong = read_rule(kind, _plain(value))
        except RuleBroken as refused:
            rule, wrong = None, [("", str(refused))]
        where = _field_lines(value)
        for field, text in wrong:
            name = f"{kind}.{field}" if field else kind
            problems.append(Problem(where.get(field, key.start_mark.line + 1), name, text))
        if rule is not None:
            rules[kind] = rule
    return rules


def _notifications(node: yaml.Node | None, problems: list[Problem]) -> NotificationRules:
    if node is None:
        return NotificationRules()
    try:
        rules, wrong = read_notifications(_plain(node))
    except RuleBroken as refused:
        rules, wrong = NotificationRules(), [("", str(refused))]
    where = _field_lines(node)
    for field, text in wrong:
        name = f"notifications.{field}" if field else "notifications"
        problems.append(Problem(where.get(field, node.start_mark.line + 1), name, text))
    return rules


def _field_lines(node: yaml.Node) -> dict[str, int]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): key.start_mark.line + 1 for key, _ in node.value}


def _label(node: yaml.Node | None, name: str, problems: list[Problem]) -> str:
    """A short code, as written: `version: 2026.1` stays the text 2026.1."""
    text = node.value if isinstance(node, yaml.ScalarNode) else ""
    if not text or len(text) > 100 or not all(c.isalnum() or c in "_.:-" for c in text):
        problems.append(_at(node, name, "is a code of letters, digits, dot, dash"))
        return "refused"
    return str(text)


def _number_or_plain(node: yaml.Node) -> object:
    """A parameter's value as written; a number in plain decimal digits, else `RuleBroken`."""
    if odd_number(node):
        raise RuleBroken("is written in plain decimal digits")
    return _plain(node)


def _plain(node: yaml.Node) -> object:
    """A node's plain value. Raises `RuleBroken` for what YAML itself cannot read."""
    try:
        plain: object = yaml.constructor.SafeConstructor().construct_document(node)
    except Exception:  # PyYAML's own constructors fail in many ways on a mistyped tag
        raise RuleBroken("is not a plain value") from None
    return plain


def _at(node: yaml.Node | None, name: str, rule: str) -> Problem:
    return Problem(node.start_mark.line + 1 if node is not None else 1, name, rule)
