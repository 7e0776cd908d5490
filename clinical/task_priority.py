"""How soon a person should look at what waits on them: one table of kinds, in four words.

The engine sets the priority by the kind of task and whether it is overdue; a person may raise it
with a reason and never lower it. Design defaults [D]: sections 6.3, 8.3 and 9 of the clinical fact
sheet say which kinds are about somebody's safety now.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from schemas.approval import ApprovalKind, EntryKind
from schemas.worklist import Priority

_A, _E = ApprovalKind, EntryKind
_CRITICAL, _HIGH, _NORMAL, _LOW = Priority
RANKS: Mapping[Priority, int] = MappingProxyType({word: n for n, word in enumerate(Priority)})
"""Critical is 0."""


class KindOfTask(NamedTuple):
    """`safety`: about somebody's safety now. `patient`, `payer`: whom the clinic waits for."""

    priority: Priority
    safety: bool = False
    patient: bool = False
    payer: bool = False


KINDS: Mapping[str, KindOfTask] = MappingProxyType(
    {
        _A.SUICIDE_RISK_REVIEW.value: KindOfTask(_CRITICAL, safety=True),
        _A.WELFARE_CHECK.value: KindOfTask(_CRITICAL, safety=True),
        _A.SESSION_LOST.value: KindOfTask(_CRITICAL, safety=True),
        _A.GAP_REVIEW.value: KindOfTask(_CRITICAL, safety=True),
        _A.EVENING_CALL.value: KindOfTask(_HIGH, safety=True),
        _A.SAFETY_FOLLOW_UP.value: KindOfTask(_HIGH, safety=True),
        _A.DOSE_EXCEPTION.value: KindOfTask(_HIGH),
        _A.READINESS_OVERRIDE.value: KindOfTask(_HIGH),
        _A.SCREENING_FINDING.value: KindOfTask(_HIGH),
        _A.MISSED_SESSION.value: KindOfTask(_HIGH),
        _A.RESULT_REVIEW.value: KindOfTask(_HIGH),
        _A.SUBSTANCE_VARIANCE.value: KindOfTask(_HIGH),
        _A.LOSS_REPORT.value: KindOfTask(_HIGH),
        _A.LOT_RECALL.value: KindOfTask(_HIGH),
        _A.SAFETY_REPORT.value: KindOfTask(_HIGH),
        _A.CLOSED_DAY.value: KindOfTask(_HIGH),
        _A.COURSE_CONFLICT.value: KindOfTask(_HIGH),
        _A.SPRAY_REPLAN.value: KindOfTask(_HIGH),
        _A.MEDICATION_REVIEW.value: KindOfTask(_HIGH),
        _A.DISAPPEARANCE.value: KindOfTask(_HIGH),
        _E.DISCHARGE.value: KindOfTask(_HIGH),
        _E.SUPPLY_MISSING.value: KindOfTask(_HIGH),
        _A.REFERRAL_TRIAGE.value: KindOfTask(_NORMAL),
        _A.ELIGIBILITY_OVERRIDE.value: KindOfTask(_NORMAL),
        _A.TREATMENT_CLEARANCE.value: KindOfTask(_NORMAL),
        _A.SERIES_START.value: KindOfTask(_NORMAL),
        _A.REEVALUATION_DECISION.value: KindOfTask(_NORMAL),
        _A.SWITCH_TO_SPRAY.value: KindOfTask(_NORMAL),
        _A.PROTOCOL_CHANGE.value: KindOfTask(_NORMAL),
        _A.RESUME_FROM_HOLD.value: KindOfTask(_NORMAL),
        _A.HOLD_REVIEW.value: KindOfTask(_NORMAL),
        _A.COURSE_REVIEW.value: KindOfTask(_NORMAL),
        _A.PATIENT_CONTACT.value: KindOfTask(_NORMAL, patient=True),
        _A.PLACE_WANTED.value: KindOfTask(_NORMAL),
        _A.DUPLICATE_REVIEW.value: KindOfTask(_NORMAL),
        _A.TRANSFER_HANDOVER.value: KindOfTask(_NORMAL),
        _A.MONITORING_FORM.value: KindOfTask(_NORMAL),
        _A.LOT_RELEASE.value: KindOfTask(_NORMAL),
        _E.ACCEPT_REFERRAL.value: KindOfTask(_NORMAL),
        _E.RECORD_EVALUATION.value: KindOfTask(_NORMAL),
        _E.RECORD_SCREENING.value: KindOfTask(_NORMAL),
        _E.SIGN_CONSENT.value: KindOfTask(_NORMAL, patient=True),
        _E.RECORD_SCORES.value: KindOfTask(_NORMAL, patient=True),
        _A.AUTHORIZATION_DENIED.value: KindOfTask(_NORMAL),
        _E.RECORD_AUTHORIZATION.value: KindOfTask(_NORMAL, payer=True),
        _E.PREPARE_SESSION.value: KindOfTask(_NORMAL),
        _E.CHANGE_PROVIDER.value: KindOfTask(_NORMAL),
        _A.DELETION_REQUEST.value: KindOfTask(_NORMAL),
        _A.REFERRAL_ONWARD.value: KindOfTask(_LOW),
        _A.CLOSE_REVIEW.value: KindOfTask(_LOW),
        _A.MONITORING_DUE.value: KindOfTask(_LOW),
    }
)
"""Every kind of task."""

SAFETY_KINDS = tuple(kind for kind, row in KINDS.items() if row.safety)
PATIENT_KINDS = tuple(kind for kind, row in KINDS.items() if row.patient)
PAYER_KINDS = tuple(kind for kind, row in KINDS.items() if row.payer)
UNLISTED = KindOfTask(_NORMAL)
"""A kind that a newer release asked for."""


def priority_of(
    kind: str, due_at: datetime, now: datetime, raised_to: Priority | None = None
) -> Priority:
    """The priority of a task at `now`: its kind's, one word higher once it is overdue, or what a
    person raised it to if that is higher. [D]; kinds by sections 6.3, 8.3 and 9."""
    rank = RANKS[KINDS.get(kind, UNLISTED).priority] - (due_at < now)
    raised = RANKS[raised_to] if raised_to else rank
    return tuple(Priority)[max(0, min(rank, raised))]
