"""The approval table as a page: for each kind who decides, by when, and what else is asked."""

from collections.abc import Iterator

from clinical.approval_rules import STANDARD_APPROVALS
from clinical.protocol_approvals import duration_text
from schemas.approval import ApprovalKind, EntryKind
from schemas.protocol import ApprovalRule

_HEAD = """\
# Approvals

What waits on people in the standard protocol. Written from the code by `make docs`; do not edit. \
A clinic's own table is in its protocol file, `protocols/*.yaml`, under `approvals:`.

Of every approval:

- one distinct person for each role it names; nobody decides on their own request \
(`self_approval: never`), nobody twice (`distinct_people: true`). A file cannot say otherwise.
- after its time the next role is told and may decide in place of whoever did not answer; after \
the last of them it becomes what the last column says. It is never approved by itself.
- a decline may name one of its reason codes (`reason_code`); where `decline_needs_reason` is \
true it must. The words (`reason`) are always asked for.
- *sign-in*: through the API it is decided only by somebody who signed in a short while ago \
(`step_up`, `JOURNEY_STEP_UP_WITHIN`); a clinic may ask it of more kinds, not of fewer.

## Decided
"""
_ENTRIES = """
## Entered

Answered by recording something, by the update of the same name; nobody declines these.
"""
_COLUMNS = (
    "kind",
    "who",
    "people",
    "due",
    "reminded every",
    "then told",
    "each after",
    "unanswered",
)
_MORE = ("sign-in", "reason codes of a decline")


def approvals_markdown() -> str:
    """`docs/approvals.md`."""
    return "\n".join((_HEAD, *_table(decided=True), _ENTRIES, *_table(decided=False))) + "\n"


def _table(*, decided: bool) -> Iterator[str]:
    columns = (*_COLUMNS, *_MORE) if decided else _COLUMNS
    yield _line(columns)
    yield "|" + "---|" * len(columns)
    for kind in ApprovalKind if decided else EntryKind:
        rule = STANDARD_APPROVALS[kind.value]
        yield _line((*_row(kind.value, rule), *_more(rule)) if decided else _row(kind.value, rule))


def _row(kind: str, rule: ApprovalRule) -> tuple[str, ...]:
    return (
        f"`{kind}`",
        " + ".join(role.value for role in rule.slots),
        str(len(rule.slots)),
        duration_text(rule.due),
        duration_text(rule.remind_every),
        ", ".join(role.value for role in rule.escalation),
        duration_text(rule.escalate_every),
        rule.on_expiry.value,
    )


def _more(rule: ApprovalRule) -> tuple[str, str]:
    return ("yes" if rule.step_up else "", ", ".join(f"`{c}`" for c in rule.decline_reasons))


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"
