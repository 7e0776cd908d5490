"""A protocol that arrives as a value is held to the rules of a protocol file, without a file."""

from collections.abc import Iterator

from clinical.approval_rules import STANDARD_APPROVALS
from clinical.parameter_check import judge_value, misordered, read_value
from clinical.parameters import PARAMETERS, standard_protocol_values
from clinical.protocol_approvals import judge_rule
from clinical.protocol_notifications import judge_notifications
from clinical.protocol_problem import RuleBroken
from schemas.base import Reason
from schemas.protocol import Protocol


def judge_protocol(protocol: Protocol) -> tuple[Reason, ...]:
    """Why no journey may be moved to this protocol: unknown names, values out of range, a safety
    parameter relaxed, an approval weakened. Empty when it may."""
    return (*_parameters(protocol), *_approvals(protocol), *_notifications(protocol))


def _parameters(protocol: Protocol) -> Iterator[Reason]:
    whole = standard_protocol_values()
    for name, value in protocol.parameters.items():
        parameter = PARAMETERS.get(name)
        if parameter is None:
            yield _reason("is no parameter", name)
            continue
        try:
            written = list(value) if isinstance(value, tuple) else value
            whole[name] = read_value(parameter, written)
            refusal = judge_value(parameter, whole[name])
        except RuleBroken as broken:
            refusal = str(broken)
        if refusal:
            yield _reason(refusal, name)
            return
    for low, high in misordered(whole):
        yield _reason(f"lies above {high}", low)


def _approvals(protocol: Protocol) -> Iterator[Reason]:
    for kind, rule in protocol.approvals.items():
        standard = STANDARD_APPROVALS.get(kind)
        if standard is None:
            yield _reason("is no kind of approval", kind)
            continue
        for field, why in judge_rule(kind, rule, standard):
            yield _reason(why, f"{kind}.{field}")


def _notifications(protocol: Protocol) -> Iterator[Reason]:
    for field, why in judge_notifications(protocol.notifications):
        yield _reason(why, f"notifications.{field}")


def _reason(rule: str, name: str) -> Reason:
    return Reason(code="protocol_refused", text=rule, fact=name)
