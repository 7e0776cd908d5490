"""The parameter table as the page a medical director reads and signs: `docs/parameters.md`."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from clinical.parameter_kind import Change, Parameter, Tighter, ValueKind
from clinical.parameter_rules import RULES
from clinical.parameter_table import TABLE
from clinical.protocol_text import value_text

HEAD = """\
# Parameters

Generated from `clinical/parameter_table.py` and `clinical/parameter_rules.py`; do not edit.
Every number that a clinical decision rests on is here. `protocols/standard.yaml` carries the
standard values; a clinic's own file may differ from them only as the column *may change* says.

| mark | meaning |
|---|---|
| [V:Rnn] | verified against the source of that number in the clinical fact sheet |
| [K], [K-] | established knowledge, text not read again; lower confidence |
| [D] | design default: **a clinic's medical director must approve it before use with patients** |

*May change*: **nobody** (label, safety programme, federal rule, scale definition, safety of the
product), **only lower** or **only higher** (the stricter direction, within the range), **clinic**
(freely within the range, versioned and audited). *Compared*: how a measured value is held against
the parameter. A value in a file may carry its unit; a bare number is in the unit shown here.
"""

_TITLES = {
    "elig": "Eligibility", "screen": "Medical screening", "consent": "Consent",
    "iv": "Infusion of ketamine", "arrival": "Arrival", "bp": "Blood pressure",
    "hr": "Heart rate", "spo2": "Oxygen saturation", "rr": "Respiratory rate",
    "sed": "Sedation", "dis": "Discharge", "drive": "Driving", "esk": "Esketamine nasal spray",
    "rems": "Esketamine safety programme (REMS)", "instr": "Instruments",
    "risk": "Suicide risk", "reeval": "Reevaluation", "stop": "Stop rules", "taper": "Taper",
    "maint": "Maintenance", "relapse": "Relapse", "mon": "Monitoring", "after": "After-care",
    "cs": "Controlled substance", "pdmp": "Prescription monitoring programme",
    "records": "Records", "ae": "Adverse events", "noshow": "Missed sessions",
    "pa": "Prior authorisation", "cred": "Credentials", "drill": "Emergency drills",
    "gap": "Gaps in treatment", "temp": "Temperature", "distress": "Distress",
}  # fmt: skip


UNREAD = {
    "dis.human_signoff": "cannot be switched off: a discharge without a signature is not a command",
    "drive.esk": "cannot be switched off: no driving until the next day at the clinic",
    "esk.obs_anchor": "cannot be switched off: time runs from the last device",
    "esk.selfadmin_supervised": "cannot be switched off: every spray session has an observer",
    "esk.take_home": "cannot be switched on: nothing is dispensed",
    "risk.cssrs_every": "cannot be switched off: every check-in asks for the screener",
}
"""Parameters that no rule reads, and why: to change one changes nothing."""

UNASKED = {
    "arrival.lead": "patients are not yet told when to come",
    "screen.weight_valid": "every order is for a weight measured that day",
    "pdmp.first_lookback": "when the programme was queried is not kept yet",
    "cs.retention": "nothing is deleted",
    "cs.inventory": "inventories are not scheduled yet",
    "records.medical": "nothing is deleted",
    "records.audit": "nothing is deleted",
    "maint.month2_from": "who reevaluates says whether doses cannot be spaced out",
}
"""Parameters whose rule no journey asks yet, and why."""


def parameters_markdown() -> str:
    """The whole page, ending in a newline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    yield "## Table of the clinical fact sheet (section 13)"
    yield from _tables(TABLE)
    yield "\n## Rules that the fact sheet gives in its text"
    yield from _tables(RULES)
    yield "\n## Not read by a rule\n\nTo change one of these changes nothing.\n"
    yield from _reasons(UNREAD)
    yield "\n## Read by a rule that no journey asks yet\n"
    yield from _reasons(UNASKED)


def _reasons(why: Mapping[str, str]) -> Iterator[str]:
    yield "| parameter | why |"
    yield "|---|---|"
    yield from (f"| `{name}` | {reason} |" for name, reason in why.items())


def _tables(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    for prefix, group in groupby(parameters, key=lambda p: p.name.split(".", maxsplit=1)[0]):
        yield f"\n### {_TITLES.get(prefix, prefix)}\n"
        yield "| parameter | standard | compared | range | may change | source |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(parameter) for parameter in group)


def _row(parameter: Parameter) -> str:
    cells = (
        f"`{parameter.name}`",
        value_text(parameter, parameter.default),
        f"`{parameter.sign}`" if parameter.sign else "",
        _range(parameter),
        _may_change(parameter),
        parameter.source,
    )
    return f"| {' | '.join(cells)} |"


def _range(parameter: Parameter) -> str:
    if parameter.change is Change.NO:
        return ""
    if parameter.allowed:
        return ", ".join(str(word) for word in parameter.allowed)
    if parameter.kind is ValueKind.FLAG or parameter.low is None or parameter.high is None:
        return ""
    return f"{parameter.low:g} to {parameter.high:g}"


def _may_change(parameter: Parameter) -> str:
    match parameter.change:
        case Change.NO:
            return "nobody"
        case Change.YES:
            return "clinic"
        case Change.TIGHTEN if parameter.kind is ValueKind.FLAG:
            return "only to true"
        case Change.TIGHTEN if parameter.kind is ValueKind.CHOICE:
            return "only further right in the range"
        case Change.TIGHTEN:
            return "only lower" if parameter.tighter is Tighter.LOWER else "only higher"
