"""Which role may give which command. Every door asks here, and the workflow asks last."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.base import Reason, Role

CLINICAL = frozenset(
    {
        Role.PSYCHIATRIST,
        Role.MEDICAL_SCREENER,
        Role.PRESCRIBER,
        Role.NURSE,
        Role.MEDICAL_DIRECTOR,
    }
)
"""Who treats: may ask, examine and assess."""

_CARE = CLINICAL | {Role.CARE_COORDINATOR}
_LICENSED = frozenset(
    {
        Role.NURSE,
        Role.PRESCRIBER,
        Role.PHARMACIST,
        Role.PSYCHIATRIST,
        Role.MEDICAL_DIRECTOR,
    }
)
_KEEPS_STOCK = frozenset({Role.PHARMACIST, Role.NURSE, Role.MEDICAL_DIRECTOR})
_BEDSIDE = frozenset({Role.NURSE, Role.PRESCRIBER, Role.MEDICAL_DIRECTOR})

MAY: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "accept_referral": _CARE | {Role.SYSTEM},
        "decide_approval": frozenset(Role) - {Role.SYSTEM, Role.PATIENT},
        "remind_task": frozenset(Role) - {Role.SYSTEM, Role.PATIENT},
        "record_evaluation": frozenset({Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}),
        "record_screening": frozenset({Role.MEDICAL_SCREENER, Role.PRESCRIBER}),
        "sign_consent": _CARE | {Role.PATIENT},
        "withdraw_consent": _CARE | {Role.PATIENT},
        "record_scores": _CARE | {Role.PATIENT},
        "write_journal": _CARE | {Role.PATIENT},
        "record_contact": _CARE | {Role.PATIENT},
        "submit_monitoring_form": _CARE | {Role.REMS_REPRESENTATIVE, Role.PHARMACIST},
        "certification_lost": frozenset({Role.REMS_REPRESENTATIVE, Role.MEDICAL_DIRECTOR}),
        "certification_regained": frozenset({Role.REMS_REPRESENTATIVE, Role.MEDICAL_DIRECTOR}),
        "record_authorization": frozenset(
            {Role.CARE_COORDINATOR, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
        ),
        "record_result": CLINICAL,
        "request_deletion": frozenset({Role.CARE_COORDINATOR, Role.MEDICAL_DIRECTOR}),
        "change_provider": frozenset(
            {Role.CARE_COORDINATOR, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
        ),
        "announce_closure": frozenset({Role.CARE_COORDINATOR, Role.MEDICAL_DIRECTOR, Role.OPS}),
        "acknowledge_alert": CLINICAL,
        "hold": _CARE | {Role.OPS},
        "resume": _CARE | {Role.OPS},
        "close_journey": frozenset(
            {Role.CARE_COORDINATOR, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
        ),
        "transfer_out": frozenset(
            {Role.CARE_COORDINATOR, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
        ),
        "change_protocol": frozenset(
            {Role.CARE_COORDINATOR, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
        ),
        "check_in": frozenset({Role.NURSE, Role.CARE_COORDINATOR}),
        "order_dose": frozenset({Role.PRESCRIBER}),
        "start_dosing": _BEDSIDE,
        # A monitor speaks as the system.
        "record_vitals": _BEDSIDE | {Role.MEDICAL_SCREENER, Role.SYSTEM},
        "pause_dosing": CLINICAL,
        "resume_dosing": frozenset({Role.PRESCRIBER, Role.MEDICAL_DIRECTOR}),
        "stop_dosing": _CARE | {Role.PATIENT},
        "end_dosing": _BEDSIDE,
        "supply_missing": _CARE,
        "record_waste": _BEDSIDE | {Role.PHARMACIST},
        "assign_attendant": _BEDSIDE,
        "renew_presence": CLINICAL,
        "hand_over": CLINICAL,
        "take_over": CLINICAL,
        "acknowledge_order": CLINICAL,
        "prepare_session": _CARE,
        "report_adverse_event": _CARE | {Role.PATIENT, Role.PHARMACIST},
        "discharge": _BEDSIDE,
        "receive_stock": _KEEPS_STOCK,
        "count_stock": _LICENSED,
        "waste_stock": _LICENSED,
        "return_stock": _KEEPS_STOCK,
        "report_loss": _LICENSED,
        "recall_lot": _KEEPS_STOCK | {Role.PRESCRIBER},
        "freeze_lot": _LICENSED,
        "unfreeze_lot": _KEEPS_STOCK | {Role.PRESCRIBER},
        "adopt_settings": frozenset({Role.SYSTEM}),
        "adopt_decision_keys": frozenset({Role.SYSTEM}),
    }
)
"""Command -> the roles that may give it. Decisions on approvals are narrowed further by the
approval's own rule."""


def judge_role(kind: str, role: Role) -> tuple[Reason, ...]:
    """Why this role may not give this command; empty when it may."""
    allowed = MAY.get(kind, frozenset())
    if role in allowed:
        return ()
    wanted = ", ".join(sorted(r.value for r in allowed)) or "nobody"
    return (Reason(code="wrong_role", text=f"{kind} is given by: {wanted}"),)
