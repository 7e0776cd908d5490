"""What waits on a person: approvals that are decided, entries that are made, and who did."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from schemas.base import (
    Actor,
    Carried,
    Code,
    Command,
    Instant,
    RequiredText,
    Role,
    ShortText,
    Value,
)
from schemas.protocol import ExpiryOutcome


class ApprovalKind(StrEnum):
    """The kinds of approval. Each has its rule in the protocol's approval table."""

    REFERRAL_TRIAGE = "referral_triage"
    SCREENING_FINDING = "screening_finding"
    ELIGIBILITY_OVERRIDE = "eligibility_override"
    TREATMENT_CLEARANCE = "treatment_clearance"
    SERIES_START = "series_start"
    DOSE_EXCEPTION = "dose_exception"
    READINESS_OVERRIDE = "readiness_override"
    REEVALUATION_DECISION = "reevaluation_decision"
    SWITCH_TO_SPRAY = "switch_to_spray"
    PROTOCOL_CHANGE = "protocol_change"
    RESUME_FROM_HOLD = "resume_from_hold"
    HOLD_REVIEW = "hold_review"
    SAFETY_FOLLOW_UP = "safety_follow_up"
    SUICIDE_RISK_REVIEW = "suicide_risk_review"
    MISSED_SESSION = "missed_session"
    REFERRAL_ONWARD = "referral_onward"
    SESSION_LOST = "session_lost"
    CLOSE_REVIEW = "close_review"
    SUBSTANCE_VARIANCE = "substance_variance"
    GAP_REVIEW = "gap_review"
    SAFETY_REPORT = "safety_report"
    MONITORING_FORM = "monitoring_form"
    COURSE_REVIEW = "course_review"
    MONITORING_DUE = "monitoring_due"
    PATIENT_CONTACT = "patient_contact"
    LOSS_REPORT = "loss_report"
    LOT_RECALL = "lot_recall"
    LOT_RELEASE = "lot_release"
    EVENING_CALL = "evening_call"
    WELFARE_CHECK = "welfare_check"
    SPRAY_REPLAN = "spray_replan"
    PLACE_WANTED = "place_wanted"
    CLOSED_DAY = "closed_day"
    DUPLICATE_REVIEW = "duplicate_review"
    COURSE_CONFLICT = "course_conflict"
    TRANSFER_HANDOVER = "transfer_handover"
    AUTHORIZATION_DENIED = "authorization_denied"
    RESULT_REVIEW = "result_review"
    MEDICATION_REVIEW = "medication_review"
    DISAPPEARANCE = "disappearance"
    DELETION_REQUEST = "deletion_request"


class EntryKind(StrEnum):
    """What a person is asked to enter; answered by the update of the same name."""

    ACCEPT_REFERRAL = "accept_referral"
    RECORD_EVALUATION = "record_evaluation"
    RECORD_SCREENING = "record_screening"
    SIGN_CONSENT = "sign_consent"
    RECORD_SCORES = "record_scores"
    DISCHARGE = "discharge"
    SUPPLY_MISSING = "supply_missing"
    PREPARE_SESSION = "prepare_session"
    RECORD_AUTHORIZATION = "record_authorization"
    CHANGE_PROVIDER = "change_provider"


class Choice(StrEnum):
    APPROVE = "approve"
    DECLINE = "decline"


class TaskStatus(StrEnum):
    """Where a task stands. `expired`: nobody decided in time. `cancelled`: no longer needed."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DONE = "done"


class DecideApproval(Command):
    """A person's decision on one approval. `expected_version`: the version they saw, if they say
    so. `choice`: for kinds that offer several ways on, the one chosen (`taper`, `maintenance`...).
    `reason_code`: why it is declined, as one of the codes that the kind's rule offers.
    `signature`: required where the deployment says so; the front desk makes it."""

    approval_id: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    decision: Choice
    reason: RequiredText
    choice: Annotated[str, StringConstraints(max_length=60)] | None = None
    expected_version: int | None = None
    signature: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    reason_code: Code | None = None


class RemindTask(Command):
    """Somebody asks for what waits on a colleague: whoever owes it is written to once for each
    command. Nothing about the task changes."""

    approval_id: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Vote(Value):
    """One person's decision as it was taken."""

    actor: Actor
    decision: Choice
    reason: ShortText
    at: Instant
    choice: str | None = None
    signature: str | None = None
    reason_code: str | None = None


class Task(Carried):
    """One thing that waits on a person, from request to its end.

    `slots`: the roles still and already needed, one for each distinct person.
    `owed_to`: the role told last (changes as the task escalates); `stand_ins`: the roles it
    escalated to, who may now decide in place of those who did not answer.
    `next_at`: when the engine acts next (remind, escalate, expire); `due_at`: the deadline shown.
    `remind_at`: moments of reminders, where the rule names days instead of an interval.
    """

    task_id: str
    kind: ApprovalKind | EntryKind
    key: str
    title: str
    slots: tuple[Role, ...]
    requested_by: Actor
    requested_at: Instant
    due_at: Instant
    next_at: Instant
    owed_to: Role
    options: tuple[str, ...] = ()
    evidence: dict[str, str] = {}
    escalated: int = 0
    stand_ins: tuple[Role, ...] = ()
    reminded: int = 0
    version: int = 1
    status: TaskStatus = TaskStatus.PENDING
    votes: tuple[Vote, ...] = ()
    on_expiry: ExpiryOutcome = ExpiryOutcome.STAY
    opens_at: Instant | None = None
    session_id: str | None = None
    remind_at: tuple[Instant, ...] = ()

    @property
    def pending(self) -> bool:
        return self.status is TaskStatus.PENDING

    @property
    def is_approval(self) -> bool:
        return isinstance(self.kind, ApprovalKind)


class PendingApproval(Value):
    """One approval that waits on a person, as the `state` query shows it. `opens_at`: from when on
    it may be made; None: at once. `reminded`: how often it was spoken of since it was asked for;
    the first time for a task that opens later is its opening. `evidence_sha256`: of all that a
    decision on it rests on, which a signature covers; empty for entries."""

    approval_id: str
    kind: str
    title: str
    roles: tuple[Role, ...]
    still_needed: tuple[Role, ...]
    owed_to: Role
    requested_at: Instant
    opens_at: Instant | None = None
    due_at: Instant
    version: int
    options: tuple[str, ...] = ()
    requested_by: Actor
    reminded: int = 0
    escalated: int = 0
    evidence_sha256: str = ""
