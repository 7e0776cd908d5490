"""Reading one rule of a protocol's approval table: who decides, by when, who is told next."""

import re
from collections import Counter
from datetime import timedelta
from enum import Enum
from typing import TypeVar

from clinical.approval_rules import NO_SLOWER, STANDARD_APPROVALS
from clinical.protocol_problem import RuleBroken
from schemas.approval import ApprovalKind
from schemas.base import Role
from schemas.protocol import ApprovalRule, ExpiryOutcome, SelfApproval

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(min|h|d)$")
_UNIT = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=90)
_REASON_CODE = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
_MOST_REASONS = 20
_FIELDS = (
    "slots", "due", "remind_every", "escalation", "escalate_every", "on_expiry",
    "self_approval", "distinct_people", "decline_reasons", "decline_needs_reason", "step_up",
)  # fmt: skip
_APPROVALS = frozenset(ApprovalKind)
_NOT_STAFF = (Role.SYSTEM, Role.PATIENT)

EnumT = TypeVar("EnumT", bound=Enum)


def read_rule(kind: str, written: object) -> tuple[ApprovalRule | None, list[tuple[str, str]]]:
    """One rule as written, and the (field, rule) of all that refuses it. A field left out is as
    in the standard protocol."""
    standard = STANDARD_APPROVALS.get(kind)
    if standard is None:
        return None, [("", f"is no kind of approval; known: {', '.join(STANDARD_APPROVALS)}")]
    if not isinstance(written, dict):
        return None, [("", f"is a table of {', '.join(_FIELDS)}")]
    wrong = [(str(f), f"is unknown; known: {', '.join(_FIELDS)}") for f in written if
             f not in _FIELDS]  # fmt: skip
    values: dict[str, object] = {}
    for field in _FIELDS:
        if field in written:
            try:
                values[field] = _read_field(field, written[field])
            except RuleBroken as refused:
                wrong.append((field, str(refused)))
    if wrong:
        return None, wrong
    rule = standard.model_copy(update=values)
    wrong = judge_rule(kind, rule, standard)
    if standard.step_up and not rule.step_up:
        # Of a file only: an earlier release's protocol says nothing of it, and doors ask anyway.
        wrong.append(("step_up", "stays true: whoever decides this has just signed in"))
    return rule, wrong


def _read_field(field: str, written: object) -> object:
    match field:
        case "slots" | "escalation":
            return read_roles(written)
        case "on_expiry":
            return _member(ExpiryOutcome, written)
        case "self_approval":
            return _member(SelfApproval, written)
        case "decline_reasons":
            return read_reason_codes(written)
        case "distinct_people" | "decline_needs_reason" | "step_up":
            return _flag(written)
        case _:
            return read_duration(written)


def read_duration(written: object) -> timedelta:
    """A time as a person writes it: `30min`, `4h`, `2d`. Raises `RuleBroken`."""
    found = _DURATION.match(written.strip()) if isinstance(written, str) else None
    if found is None:
        raise RuleBroken("is a time such as 30min, 4h or 2d")
    number = float(found.group(1))
    unit = _UNIT[found.group(2)]
    if not timedelta(0) < number * unit <= _LONGEST:
        raise RuleBroken("is longer than nothing and at most 90d")
    return number * unit


def read_roles(written: object) -> tuple[Role, ...]:
    """A list of staff roles. Raises `RuleBroken`."""
    if not isinstance(written, list):
        raise RuleBroken("is a list of roles")
    roles = tuple(_member(Role, item) for item in written)
    for role in roles:
        if role in _NOT_STAFF:
            raise RuleBroken(f"{role.value} decides no approval")
    return roles


def read_reason_codes(written: object) -> tuple[str, ...]:
    """A list of codes that a decline may name. Raises `RuleBroken`."""
    if not isinstance(written, list) or len(written) > _MOST_REASONS:
        raise RuleBroken(f"is a list of at most {_MOST_REASONS} codes")
    for code in written:
        if not isinstance(code, str) or not _REASON_CODE.match(code):
            raise RuleBroken("is a list of codes such as more_information_needed")
    if len(set(written)) != len(written):
        raise RuleBroken("names each code once")
    return tuple(written)


def _flag(written: object) -> bool:
    if not isinstance(written, bool):
        raise RuleBroken("is true or false")
    return written


def _member(choices: type[EnumT], written: object) -> EnumT:
    try:
        return choices(written)
    except ValueError:
        known = ", ".join(str(choice.value) for choice in choices)
        raise RuleBroken(f"is one of: {known}") from None


def judge_rule(kind: str, rule: ApprovalRule, standard: ApprovalRule) -> list[tuple[str, str]]:
    """What makes a rule weaker than the standard one: (field, why) pairs."""
    wrong = []
    if Counter(standard.slots) - Counter(rule.slots):
        needed = ", ".join(role.value for role in standard.slots)
        wrong.append(("slots", f"keeps at least one distinct person for each of: {needed}"))
    if len(set(rule.escalation)) != len(rule.escalation):
        wrong.append(("escalation", "names each role once"))
    if not rule.escalation:
        wrong.append(("escalation", "names somebody; nothing waits on one person alone"))
    if rule.remind_every > rule.due:
        wrong.append(("remind_every", "is not longer than due"))
    wrong += _unsafe(kind, rule)
    if kind in NO_SLOWER:
        wrong += _slower(rule, standard)
    return wrong


def _unsafe(kind: str, rule: ApprovalRule) -> list[tuple[str, str]]:
    """What would let one person do what takes another, or could never be answered."""
    wrong = []
    if not rule.distinct_people:
        wrong.append(("distinct_people", "stays true: nobody fills two places of one approval"))
    if kind not in _APPROVALS and (
        rule.step_up or rule.decline_reasons or rule.decline_needs_reason
    ):
        wrong.append(("", "is entered, not decided: nobody declines it or signs in for it"))
    elif rule.decline_needs_reason and not rule.decline_reasons:
        wrong.append(("decline_needs_reason", "needs decline_reasons to choose from"))
    return wrong


def _slower(rule: ApprovalRule, standard: ApprovalRule) -> list[tuple[str, str]]:
    wrong = [
        (field, "may only be made shorter: patient safety waits on it")
        for field in ("due", "remind_every", "escalate_every")
        if getattr(rule, field) > getattr(standard, field)
    ]
    if rule.on_expiry is not standard.on_expiry:
        wrong.append(("on_expiry", f"stays {standard.on_expiry.value}: somebody must answer"))
    if not set(standard.escalation) <= set(rule.escalation):
        wrong.append(("escalation", "keeps every role of the standard protocol"))
    return wrong


def duration_text(duration: timedelta) -> str:
    """The shortest way to write a time: `30min`, `4h`, `2d`."""
    for unit in ("d", "h"):
        count = duration / _UNIT[unit]
        if count >= 1 and count.is_integer():
            return f"{int(count)}{unit}"
    return f"{duration / _UNIT['min']:g}min"
