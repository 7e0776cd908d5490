"""What changes for whom when a journey moves from one protocol version to another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clinical.approval_rules import STANDARD_APPROVALS
from clinical.parameter_check import relaxes
from clinical.parameters import PARAMETERS, Parameters
from clinical.protocol_approvals import duration_text
from clinical.protocol_notifications import notification_lines
from schemas.approval import ApprovalKind, EntryKind
from schemas.journey import Phase
from schemas.protocol import ApprovalRule, ParameterValue, Protocol
from schemas.screening import Modality

_ALL = tuple(Phase)
_TREATED = (
    Phase.SCHEDULED, Phase.INFUSION_SERIES, Phase.TAPER, Phase.MAINTENANCE, Phase.SWITCH_ESKETAMINE,
)  # fmt: skip
_SPRAY = (Phase.SWITCH_ESKETAMINE,)
_IV = (Phase.SCHEDULED, Phase.INFUSION_SERIES, Phase.TAPER, Phase.MAINTENANCE)
_SCREENED = (Phase.MED_SCREEN, *_TREATED)
_AFTER = (*_TREATED, Phase.DISCONTINUE_REFER, Phase.FOLLOW_UP)

FELT_IN: Mapping[str, tuple[Phase, ...]] = MappingProxyType(
    {
        "elig": (Phase.REFERRAL, Phase.PSYCH_EVAL),
        "screen": _SCREENED,
        "consent": (Phase.CONSENT, *_TREATED),
        "iv": _IV,
        "arrival": _TREATED,
        "bp": _TREATED,
        "hr": _TREATED,
        "spo2": _TREATED,
        "rr": _TREATED,
        "temp": _TREATED,
        "sed": _TREATED,
        "distress": _TREATED,
        "dis": _TREATED,
        "drive": _TREATED,
        "esk": _SPRAY,
        "rems": _SPRAY,
        "reeval": (Phase.INFUSION_SERIES, Phase.REEVALUATION),
        "stop": (Phase.INFUSION_SERIES, Phase.REEVALUATION),
        "taper": (Phase.REEVALUATION, Phase.TAPER),
        "maint": (Phase.REEVALUATION, Phase.MAINTENANCE),
        "relapse": (Phase.TAPER, Phase.MAINTENANCE, Phase.SWITCH_ESKETAMINE, Phase.FOLLOW_UP),
        "mon": (Phase.TAPER, Phase.MAINTENANCE, Phase.SWITCH_ESKETAMINE),
        "after": _AFTER,
        "noshow": _TREATED,
        "gap": _TREATED,
        "cs": _TREATED,
        "pdmp": (Phase.MED_SCREEN, *_TREATED),
        "drill": _TREATED,
    }
)
"""First word of a parameter's name -> the phases in which a journey feels it; else every phase."""

_ONE_MODALITY = MappingProxyType(
    {"iv": Modality.IV_KETAMINE, "esk": Modality.ESKETAMINE, "rems": Modality.ESKETAMINE}
)

UNITLESS = frozenset({"bool", "enum", "rule"})
"""Values that are words of their own."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: `stricter` True, False, or None where neither direction is stricter.
    `phases`, `modalities`: the journeys that would feel it. `unit`: of both values; empty where
    they carry their own."""

    name: str
    old: str
    new: str
    stricter: bool | None
    phases: tuple[Phase, ...]
    modalities: tuple[Modality, ...]
    unit: str = ""

    @property
    def direction(self) -> str:
        """`stricter`, `laxer`, or `neither` where neither way is stricter."""
        if self.stricter is None:
            return "neither"
        return "stricter" if self.stricter else "laxer"

    def in_words(self) -> str:
        """`180 -> 170 mmHg, stricter`."""
        unit = f" {self.unit}" if self.unit else ""
        direction = "" if self.stricter is None else f", {self.direction}"
        return f"{self.old} -> {self.new}{unit}{direction}"

    def as_data(self) -> dict[str, str]:
        """What goes on record of it."""
        return {
            "name": self.name, "old": self.old, "new": self.new, "unit": self.unit,
            "direction": self.direction,
        }  # fmt: skip

    def felt_by(self, phase: Phase, modality: Modality | None = None) -> bool:
        """Whether a journey in this phase, under this modality, would feel the change."""
        return phase in self.phases and (modality is None or modality in self.modalities)


def compare(old: Protocol, new: Protocol) -> tuple[Difference, ...]:
    """What differs between two versions, by name; a value a version does not carry is the
    standard one."""
    return (*_parameters(old, new), *_approvals(old, new), *_notifications(old, new))


def _parameters(old: Protocol, new: Protocol) -> Iterable[Difference]:
    before, after = Parameters(old.parameters), Parameters(new.parameters)
    for name, parameter in PARAMETERS.items():
        was, now = before.raw(name), after.raw(name)
        if was == now:
            continue
        prefix = name.split(".", maxsplit=1)[0]
        one = _ONE_MODALITY.get(prefix)
        stricter = relaxes(parameter, was, now)
        comparable = stricter or relaxes(parameter, now, was)
        yield Difference(
            name, _text(was), _text(now), stricter if comparable else None,
            FELT_IN.get(prefix, _ALL), (one,) if one else tuple(Modality),
            "" if parameter.unit in UNITLESS else parameter.unit,
        )  # fmt: skip


def _text(value: ParameterValue) -> str:
    """A value as a person reads it, without its unit."""
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(_text(item) for item in value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _approvals(old: Protocol, new: Protocol) -> Iterable[Difference]:
    for kind, standard in STANDARD_APPROVALS.items():
        was, now = old.approvals.get(kind, standard), new.approvals.get(kind, standard)
        if was != now:
            yield Difference(
                f"approvals.{kind}", rule_text(was), rule_text(now), None,
                _phases_of(kind), tuple(Modality),
            )  # fmt: skip


def _notifications(old: Protocol, new: Protocol) -> Iterable[Difference]:
    lines = zip(
        notification_lines(old.notifications), notification_lines(new.notifications), strict=True
    )
    for was, now in lines:
        if was != now:
            name, before = was.strip().split(": ", maxsplit=1)
            after = now.split(": ", maxsplit=1)[1]
            yield Difference(
                f"notifications.{name}", before, after, None, _TREATED, tuple(Modality)
            )


def _phases_of(kind: str) -> tuple[Phase, ...]:
    """Approvals that belong to one phase; any other may be asked for in every phase."""
    return {
        ApprovalKind.REFERRAL_TRIAGE.value: (Phase.REFERRAL,),
        EntryKind.ACCEPT_REFERRAL.value: (Phase.REFERRAL,),
        ApprovalKind.ELIGIBILITY_OVERRIDE.value: (Phase.PSYCH_EVAL,),
        EntryKind.RECORD_EVALUATION.value: (Phase.PSYCH_EVAL,),
        ApprovalKind.SCREENING_FINDING.value: _SCREENED,
        EntryKind.RECORD_SCREENING.value: _SCREENED,
        EntryKind.SIGN_CONSENT.value: (Phase.CONSENT,),
        ApprovalKind.TREATMENT_CLEARANCE.value: (Phase.SCHEDULED,),
        ApprovalKind.SERIES_START.value: (Phase.SCHEDULED,),
        ApprovalKind.REEVALUATION_DECISION.value: (Phase.REEVALUATION,),
        ApprovalKind.REFERRAL_ONWARD.value: (Phase.DISCONTINUE_REFER,),
    }.get(kind, _ALL)


def rule_text(rule: ApprovalRule) -> str:
    """An approval rule in one line."""
    slots = " + ".join(role.value for role in rule.slots)
    chain = ", then ".join(role.value for role in rule.escalation)
    codes = ", ".join(rule.decline_reasons)
    needed = "must name one of" if rule.decline_needs_reason else "may name"
    declined = f"; a decline {needed} {codes}" if codes else ""
    signed_in = "; after a new sign-in" if rule.step_up else ""
    return (
        f"{slots}; due {duration_text(rule.due)}, reminded every "
        f"{duration_text(rule.remind_every)}, then {chain} each "
        f"{duration_text(rule.escalate_every)}; unanswered: {rule.on_expiry.value}"
        f"{declined}{signed_in}"
    )
