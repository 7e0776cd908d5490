"""Facts: what happened, in order, as the record keeps it for ever."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from schemas.base import Actor, Code, Instant, Reason, Value
from schemas.identity import Match, PersonKnown
from schemas.protocol import Protocol


class EventKind(StrEnum):
    """Past facts. The names are pinned: the record holds them for ever."""

    JOURNEY_STARTED = "JourneyStarted"
    REFERRAL_REPEATED = "ReferralRepeated"
    REFERRAL_COMPLETED = "ReferralCompleted"
    PERSON_MATCHED = "PersonMatched"
    PEOPLE_TOLD_APART = "PeopleToldApart"
    PEOPLE_LINKED = "PeopleLinked"
    COURSE_CLAIMED = "CourseClaimed"
    COURSE_REFUSED = "CourseRefused"
    COURSE_TAKEN_OVER = "CourseTakenOver"
    PHASE_ENTERED = "PhaseEntered"
    TRANSFERRED_OUT = "TransferredOut"
    HISTORY_CARRIED = "HistoryCarried"
    CLOSE_REQUESTED = "CloseRequested"
    JOURNEY_CLOSED = "JourneyClosed"
    TASK_OPENED = "TaskOpened"
    TASK_REMINDED = "TaskReminded"
    TASK_ESCALATED = "TaskEscalated"
    TASK_VOTED = "TaskVoted"
    TASK_CLOSED = "TaskClosed"
    EVALUATION_RECORDED = "EvaluationRecorded"
    SCREENING_RECORDED = "ScreeningRecorded"
    CONSENT_SIGNED = "ConsentSigned"
    CONSENT_DECLINED = "ConsentDeclined"
    CONSENT_WITHDRAWN = "ConsentWithdrawn"
    CONSENT_EXPIRED = "ConsentExpired"
    SCORES_RECORDED = "ScoresRecorded"
    JOURNAL_WRITTEN = "JournalWritten"
    SUICIDE_RISK_TOLD = "SuicideRiskTold"
    SUICIDE_RISK_RAISED = "SuicideRiskRaised"
    HOLD_ENTERED = "HoldEntered"
    HOLD_CHANGED = "HoldChanged"
    HOLD_LEFT = "HoldLeft"
    PROTOCOL_CHANGED = "ProtocolChanged"
    PROTOCOL_REFUSED = "ProtocolRefused"
    CLOCK_ADVANCED = "ClockAdvanced"
    MESSAGE_DEAD_LETTERED = "MessageDeadLettered"
    SAFETY_PROGRAM_ENROLLED = "SafetyProgramEnrolled"
    LETTER_FILED = "LetterFiled"
    LETTER_NOT_FILED = "LetterNotFiled"
    MESSAGES_GIVEN_UP = "MessagesGivenUp"
    SESSION_BOOKED = "SessionBooked"
    SESSION_REBOOKED = "SessionRebooked"
    COURSE_PROPOSED = "CourseProposed"
    COURSE_DECIDED = "CourseDecided"
    EARLY_REVIEWED = "EarlyReviewed"
    SWITCH_REFUSED = "SwitchRefused"
    JOURNAL_SILENT = "JournalSilent"
    ADVERSE_EVENT_OPENED = "AdverseEventOpened"
    ADVERSE_EVENT_AMENDED = "AdverseEventAmended"
    ADVERSE_EVENT_SIGNED_OFF = "AdverseEventSignedOff"
    MONITORING_FORM_ASSEMBLED = "MonitoringFormAssembled"
    MONITORING_FORM_AMENDED = "MonitoringFormAmended"
    MONITORING_FORM_SUBMITTED = "MonitoringFormSubmitted"
    MONITORING_FORM_NOT_SENT = "MonitoringFormNotSent"
    CONTACT_SUPPRESSED = "ContactSuppressed"
    DEVIATION_LOGGED = "DeviationLogged"
    CERTIFICATION_LOST = "CertificationLost"
    CERTIFICATION_REGAINED = "CertificationRegained"
    AUTHORIZATION_RECORDED = "AuthorizationRecorded"
    AUTHORIZATION_ENDS_SOON = "AuthorizationEndsSoon"
    RESULT_ARRIVED = "ResultArrived"
    DELETION_REQUESTED = "DeletionRequested"
    PROVIDER_CHANGED = "ProviderChanged"
    CLOSURE_ANNOUNCED = "ClosureAnnounced"
    RISK_PAGED = "RiskPaged"
    RISK_ACKNOWLEDGED = "RiskAcknowledged"
    HOME_SAFE_ASKED = "HomeSafeAsked"
    CONTACT_ATTEMPTED = "ContactAttempted"
    CONTACT_MADE = "ContactMade"
    FOLLOW_UP_TAKEN_OVER = "FollowUpTakenOver"
    SESSION_CLOSED = "SessionClosed"
    SESSION_LOST = "SessionLost"
    CHECKED_IN = "CheckedIn"
    READINESS_JUDGED = "ReadinessJudged"
    MISSING_SUPPLIED = "MissingSupplied"
    SESSION_PREPARED = "SessionPrepared"
    PLAN_CHANGED = "PlanChanged"
    ATTENDANT_ASSIGNED = "AttendantAssigned"
    PRESENCE_LAPSED = "PresenceLapsed"
    PRESENCE_RENEWED = "PresenceRenewed"
    HANDOVER_ASKED = "HandoverAsked"
    HANDED_OVER = "HandedOver"
    PRESCRIBER_LEFT = "PrescriberLeft"
    PRESCRIBER_PRESENT = "PrescriberPresent"
    ORDER_GIVEN = "OrderGiven"
    ORDER_UNANSWERED = "OrderUnanswered"
    ORDER_ACKNOWLEDGED = "OrderAcknowledged"
    RECORD_AWAY = "RecordAway"
    WASTE_RECORDED = "WasteRecorded"
    DOSE_ORDERED = "DoseOrdered"
    DOSE_LOGGED = "DoseLogged"
    DOSING_STARTED = "DosingStarted"
    VITALS_RECORDED = "VitalsRecorded"
    VITALS_BREACHED = "VitalsBreached"
    VITALS_MISSED = "VitalsMissed"
    DOSING_PAUSED = "DosingPaused"
    DOSING_RESUMED = "DosingResumed"
    DOSING_STOPPED = "DosingStopped"
    DOSING_ENDED = "DosingEnded"
    ADVERSE_EVENT_REPORTED = "AdverseEventReported"
    DISCHARGE_REVIEW_OPENED = "DischargeReviewOpened"
    DISCHARGED = "Discharged"
    SESSION_CANCELLED = "SessionCancelled"
    SESSION_MISSED = "SessionMissed"
    STOCK_RECEIVED = "StockReceived"
    STOCK_COUNTED = "StockCounted"
    SHIFT_CLOSED = "ShiftClosed"
    STOCK_WASTED = "StockWasted"
    STOCK_RETURNED = "StockReturned"
    STOCK_LOST = "StockLost"
    STOCK_CORRECTED = "StockCorrected"
    VARIANCE_FOUND = "VarianceFound"
    VARIANCE_SETTLED = "VarianceSettled"
    LOT_RECALLED = "LotRecalled"
    EXPOSURE_LISTED = "ExposureListed"
    LOT_FROZEN = "LotFrozen"
    LOT_RELEASED = "LotReleased"
    SETTINGS_ADOPTED = "SettingsAdopted"
    DECISION_KEYS_ADOPTED = "DecisionKeysAdopted"


class Fact(Value):
    """One line of the record. `sequence` counts from 1 within the workflow and never repeats.
    `at`: the journey's clinical clock. `data` is JSON; it is stored encrypted payload-side and
    in clear only in the clinical record."""

    sequence: Annotated[int, Field(ge=1)]
    kind: EventKind
    at: Instant
    actor: Actor
    command_id: str | None = None
    data: dict[str, JsonValue] = {}


class JourneyCard(Value):
    """Where a journey stands, as lists show it: codes and dates only."""

    journey_id: str
    clinic: Code
    phase: Code
    training: bool
    protocol_version: Code
    awaiting_role: Code | None = None
    attention: bool = False
    hold_reason: Code | None = None
    next_action_at: Instant | None = None
    closed: bool = False


class AppendEvents(Value):
    """A batch of facts from one workflow, in order; appended once whatever is retried.
    `card` is the journey's (None from sessions). `person`: whose journey it is, with the facts
    that say so. `protocol`: what it is treated by, with the facts that pin it."""

    workflow_id: str
    journey_id: str
    clinic: Code
    facts: tuple[Fact, ...]
    card: JourneyCard | None = None
    person: PersonKnown | None = None
    protocol: Protocol | None = None


class Appended(Value):
    """The highest sequence on record for this workflow after the append. `lot_blocked`: why the
    lot that a dose log of the batch names may not be drawn from (recalled, frozen). `matches`: open
    journeys, known before this one, that may be about the same person."""

    last_sequence: int
    lot_blocked: tuple[Reason, ...] = ()
    matches: tuple[Match, ...] = ()
