"""Who decides what in the standard protocol, by when, and who is told when nobody does.

Clinical fact sheet: roles of section 1.3, response times of 6.3, 6.4 and 9. Deadlines are design
defaults that a clinic's medical director approves.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from schemas.approval import ApprovalKind, EntryKind
from schemas.base import Role
from schemas.protocol import ApprovalRule, ExpiryOutcome

_DECLINE, _STAY = ExpiryOutcome.DECLINE, ExpiryOutcome.STAY
_COORDINATOR, _DIRECTOR = Role.CARE_COORDINATOR, Role.MEDICAL_DIRECTOR
_PSYCHIATRIST, _SCREENER, _NURSE = Role.PSYCHIATRIST, Role.MEDICAL_SCREENER, Role.NURSE
_PRESCRIBER = Role.PRESCRIBER


def _min(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def _h(hours: float) -> timedelta:
    return timedelta(hours=hours)


def _d(days: float) -> timedelta:
    return timedelta(days=days)


def _rule(  # noqa: PLR0917 - the columns of the table below
    slots: tuple[Role, ...],
    due: timedelta,
    remind_every: timedelta,
    escalation: tuple[Role, ...],
    escalate_every: timedelta,
    on_expiry: ExpiryOutcome = _STAY,
) -> ApprovalRule:
    return ApprovalRule(
        slots=slots, due=due, remind_every=remind_every, escalation=escalation,
        escalate_every=escalate_every, on_expiry=on_expiry,
    )  # fmt: skip


_A, _E = ApprovalKind, EntryKind

# Columns: who (one distinct person for each role), due, remind every, then told, each this far
# apart, and what an approval nobody decided becomes.
# fmt: off
_RULES: dict[ApprovalKind | EntryKind, ApprovalRule] = {
    _A.REFERRAL_TRIAGE: _rule((_COORDINATOR,), _h(24), _h(8), (_DIRECTOR,), _h(24)),
    _A.SCREENING_FINDING: _rule((_PRESCRIBER,), _d(2), _h(12), (_DIRECTOR,), _d(1)),
    _A.ELIGIBILITY_OVERRIDE: _rule(
        (_PSYCHIATRIST, _DIRECTOR), _d(3), _d(1), (_DIRECTOR,), _d(2), _DECLINE),
    _A.TREATMENT_CLEARANCE: _rule(
        (_PSYCHIATRIST, _SCREENER), _d(3), _d(1), (_DIRECTOR,), _d(1)),
    _A.SERIES_START: _rule((_COORDINATOR,), _d(2), _h(12), (_DIRECTOR,), _d(1)),
    _A.DOSE_EXCEPTION: _rule(
        (_PRESCRIBER, _PRESCRIBER), _h(2), _min(30), (_DIRECTOR,), _h(1), _DECLINE),
    _A.READINESS_OVERRIDE: _rule(
        (_DIRECTOR,), _min(30), _min(10), (_DIRECTOR,), _min(30), _DECLINE),
    _A.REEVALUATION_DECISION: _rule((_PSYCHIATRIST,), _d(7), _d(2), (_DIRECTOR,), _d(2)),
    _A.SWITCH_TO_SPRAY: _rule(
        (_PSYCHIATRIST, Role.REMS_REPRESENTATIVE), _d(5), _d(1), (_DIRECTOR,), _d(2)),
    _A.PROTOCOL_CHANGE: _rule(
        (_PSYCHIATRIST, _DIRECTOR), _d(5), _d(1), (_COORDINATOR,), _d(2), _DECLINE),
    _A.RESUME_FROM_HOLD: _rule(
        (_PSYCHIATRIST,), _d(2), _h(12), (_DIRECTOR,), _d(1), _DECLINE),
    _A.HOLD_REVIEW: _rule((_COORDINATOR,), _d(1), _h(8), (_PSYCHIATRIST, _DIRECTOR), _d(1)),
    # Section 9: window 20-30 h after discharge, three attempts by 36 h, then a clinician.
    _A.SAFETY_FOLLOW_UP: _rule((_NURSE,), _h(10), _h(3), (_PSYCHIATRIST, _DIRECTOR), _h(6)),
    # Section 6.3: item 9 = 3 within the hour; section 9: the medical director after 30 minutes.
    _A.SUICIDE_RISK_REVIEW: _rule((_PSYCHIATRIST,), _h(1), _min(15), (_DIRECTOR,), _min(30)),
    _A.MISSED_SESSION: _rule((_COORDINATOR,), _h(2), _h(1), (_PSYCHIATRIST, _DIRECTOR), _d(1)),
    _A.REFERRAL_ONWARD: _rule((_COORDINATOR,), _d(2), _d(1), (_PSYCHIATRIST, _DIRECTOR), _d(1)),
    _A.SESSION_LOST: _rule((_NURSE,), _min(30), _min(10), (_PRESCRIBER, _DIRECTOR), _min(30)),
    _A.CLOSE_REVIEW: _rule((_COORDINATOR,), _d(7), _d(2), (_DIRECTOR,), _d(3)),
    # Sections 7.1 and 7.4: a psychiatrist looks before the next infusion.
    _A.COURSE_REVIEW: _rule((_PSYCHIATRIST,), _d(2), _h(12), (_DIRECTOR,), _d(1)),
    _A.MONITORING_DUE: _rule((_NURSE,), _d(14), _d(4), (_PSYCHIATRIST, _DIRECTOR), _d(7)),
    # Section 9: the call after a first dose; a journal that stays silent.
    _A.PATIENT_CONTACT: _rule((_NURSE,), _h(12), _h(4), (_PSYCHIATRIST, _DIRECTOR), _d(1)),
    # Section 9: no answer in the evening: the patient, then the escort; then a clinician decides.
    _A.EVENING_CALL: _rule((_NURSE,), _h(1), _min(30), (_PSYCHIATRIST, _DIRECTOR), _h(2)),
    _A.WELFARE_CHECK: _rule(
        (_PSYCHIATRIST,), _min(30), _min(10), (_DIRECTOR,), _min(30)),
    # 11.34: nobody is dosed without a chair and an observer; a coordinator finds a day.
    _A.PLACE_WANTED: _rule((_COORDINATOR,), _d(1), _h(8), (_DIRECTOR,), _d(1)),
    # 11.44: a closure announced after booking; a coordinator moves the day.
    _A.CLOSED_DAY: _rule((_COORDINATOR,), _h(8), _h(2), (_NURSE, _DIRECTOR), _h(4)),
    # 11.35: one course a person. A coordinator compares two referrals; two people lift the block.
    _A.DUPLICATE_REVIEW: _rule((_COORDINATOR,), _d(2), _h(12), (_DIRECTOR,), _d(1)),
    _A.COURSE_CONFLICT: _rule((_COORDINATOR, _DIRECTOR), _d(1), _h(8), (_PSYCHIATRIST,), _d(1)),
    # 11.37: the clinic that goes on has sessions, doses, responses, consent and events.
    _A.TRANSFER_HANDOVER: _rule((_COORDINATOR,), _d(1), _h(8), (_PSYCHIATRIST, _DIRECTOR), _d(1)),
    # 8.1 and 11.30: recounted by two people; 11.25: a physician looks at a gap in readings.
    _A.SUBSTANCE_VARIANCE: _rule(
        (_NURSE, _PRESCRIBER), _min(60), _min(15), (_DIRECTOR,), _min(30)),
    # 8.1: an office outside is told, each by the law's own time; 11.32: everybody exposed is told;
    # 11.29: two people let a frozen lot be used again.
    _A.LOSS_REPORT: _rule((_DIRECTOR,), _d(1), _h(12), (_DIRECTOR, Role.PHARMACIST), _d(1)),
    _A.LOT_RECALL: _rule((_DIRECTOR,), _h(24), _h(8), (_DIRECTOR, _PRESCRIBER), _h(12)),
    _A.LOT_RELEASE: _rule((_DIRECTOR, _PRESCRIBER), _d(2), _h(12), (_DIRECTOR,), _d(1)),
    _A.GAP_REVIEW: _rule((_PRESCRIBER,), _min(30), _min(10), (_DIRECTOR,), _min(30)),
    # Section 8.3: each report has a due time of its own; 11.24: the form's days are 2, 4, 6 and 7.
    _A.SAFETY_REPORT: _rule((_DIRECTOR,), _h(24), _h(8), (_DIRECTOR, _PSYCHIATRIST), _d(1)),
    _A.MONITORING_FORM: _rule(
        (_NURSE,), _d(7), _d(2), (Role.REMS_REPRESENTATIVE, _DIRECTOR), _d(1)),
    # 11.21: certified sister site, transfer, or another treatment meanwhile.
    _A.SPRAY_REPLAN: _rule((_PSYCHIATRIST,), _d(1), _h(8), (_DIRECTOR,), _d(1)),
    # 11.38: appeal peer to peer, or another way to bridge; 11.48: a late result is assessed.
    _A.AUTHORIZATION_DENIED: _rule(
        (_PSYCHIATRIST,), _d(3), _d(1), (_COORDINATOR, _DIRECTOR), _d(1)),
    _A.RESULT_REVIEW: _rule((_PRESCRIBER,), _h(4), _h(1), (_SCREENER, _DIRECTOR), _h(4)),
    # 11.6: the medicines are reviewed before the next dose.
    _A.MEDICATION_REVIEW: _rule((_PRESCRIBER,), _d(1), _h(8), (_SCREENER, _DIRECTOR), _d(1)),
    # 11.49: nobody has heard of the patient for long.
    _A.DISAPPEARANCE: _rule((_PSYCHIATRIST,), _d(1), _h(8), (_DIRECTOR,), _d(1)),
    # 11.50: the requester has an answer within the parameter's own time (`records.answer_within`).
    _A.DELETION_REQUEST: _rule((_DIRECTOR,), _d(30), _d(7), (_DIRECTOR, _COORDINATOR), _d(2)),
    _E.ACCEPT_REFERRAL: _rule((_COORDINATOR,), _d(3), _d(1), (_DIRECTOR,), _d(2)),
    _E.RECORD_EVALUATION: _rule((_PSYCHIATRIST,), _d(7), _d(2), (_DIRECTOR,), _d(3)),
    _E.RECORD_SCREENING: _rule((_SCREENER,), _d(7), _d(2), (_DIRECTOR,), _d(3)),
    _E.SIGN_CONSENT: _rule((_COORDINATOR,), _d(14), _d(3), (_PSYCHIATRIST, _DIRECTOR), _d(7)),
    _E.RECORD_SCORES: _rule((_NURSE,), _d(3), _d(1), (_COORDINATOR, _PSYCHIATRIST), _d(1)),
    _E.DISCHARGE: _rule((_NURSE,), _min(60), _min(15), (_PRESCRIBER, _DIRECTOR), _min(30)),
    # Section 4.2: what is missing at the door is supplied within the slot; ahead, within a day.
    _E.SUPPLY_MISSING: _rule((_NURSE,), _min(20), _min(10), (_PRESCRIBER, _DIRECTOR), _min(20)),
    _E.PREPARE_SESSION: _rule((_COORDINATOR,), _d(1), _h(12), (_NURSE, _DIRECTOR), _h(12)),
    _E.RECORD_AUTHORIZATION: _rule(
        (_COORDINATOR,), _d(3), _d(1), (_PSYCHIATRIST, _DIRECTOR), _d(3)),
    # 11.53: another provider within the parameter's own time (`pmhp.replace_within`).
    _E.CHANGE_PROVIDER: _rule(
        (_COORDINATOR,), _d(14), _d(4), (_PSYCHIATRIST, _DIRECTOR), _d(3)),
}
# fmt: on

STEP_UP = frozenset(
    {
        _A.ELIGIBILITY_OVERRIDE,
        _A.TREATMENT_CLEARANCE,
        _A.DOSE_EXCEPTION,
        _A.READINESS_OVERRIDE,
        _A.SWITCH_TO_SPRAY,
        _A.PROTOCOL_CHANGE,
    }
)
"""Kinds by which somebody may come to harm: decided by a person who has just signed in again."""

OVERRIDES = frozenset({_A.ELIGIBILITY_OVERRIDE, _A.DOSE_EXCEPTION, _A.READINESS_OVERRIDE})
"""Kinds whose approval sets a rule aside: whoever approves says why in words of their own."""

_MORE, _OTHER = "more_information_needed", "other"
_UNSAFE, _WISH = "not_safe", "patient_wish"
_DECLINES: dict[ApprovalKind, tuple[str, ...]] = {
    _A.REFERRAL_TRIAGE: (_MORE, "not_our_service", "no_capacity", "treated_elsewhere", _WISH),
    _A.SCREENING_FINDING: (_MORE, _UNSAFE),
    _A.ELIGIBILITY_OVERRIDE: (_MORE, "criteria_stand", _UNSAFE),
    _A.TREATMENT_CLEARANCE: (_MORE, _UNSAFE, "other_treatment_first", _WISH),
    _A.SERIES_START: (_MORE, "not_arranged", _WISH),
    _A.DOSE_EXCEPTION: (_MORE, "dose_too_high", "dose_too_low", _UNSAFE),
    _A.READINESS_OVERRIDE: (_MORE, "rule_stands", _UNSAFE),
    _A.REEVALUATION_DECISION: (_MORE, _WISH),
    _A.SWITCH_TO_SPRAY: (_MORE, "not_certified", "not_enrolled", _UNSAFE, _WISH),
    _A.PROTOCOL_CHANGE: (_MORE, "not_for_this_patient", _UNSAFE, _WISH),
    _A.RESUME_FROM_HOLD: (_MORE, "reason_stands", _UNSAFE, _WISH),
    _A.LOT_RELEASE: (_MORE, "incident_open", _UNSAFE),
    _A.COURSE_CONFLICT: (_MORE, "course_elsewhere"),
}
"""Why such an approval is declined, in codes that can be counted; every kind has `other`."""


def _whole(kind: ApprovalKind | EntryKind, rule: ApprovalRule) -> ApprovalRule:
    if not isinstance(kind, ApprovalKind):
        return rule
    codes = (*_DECLINES.get(kind, (_MORE,)), _OTHER)
    return rule.model_copy(update={"decline_reasons": codes, "step_up": kind in STEP_UP})


STANDARD_APPROVALS: Mapping[str, ApprovalRule] = MappingProxyType(
    {kind.value: _whole(kind, rule) for kind, rule in _RULES.items()}
)
"""Kind of approval or entry -> the standard protocol's rule."""

NO_SLOWER: frozenset[str] = frozenset(
    {
        ApprovalKind.SAFETY_FOLLOW_UP.value,
        ApprovalKind.SUICIDE_RISK_REVIEW.value,
        ApprovalKind.EVENING_CALL.value,
        ApprovalKind.WELFARE_CHECK.value,
    }
)
"""Safety work: a clinic may only make these faster."""
