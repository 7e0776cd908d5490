"""The journey: its phases, what moves it, what it carries from run to run, what it shows."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.adverse_event import AdverseEventCase
from schemas.appointment import PlaceMove, PlacesAnswer
from schemas.approval import PendingApproval, Task
from schemas.authorization import Authorization
from schemas.base import (
    Actor,
    Carried,
    CarriedState,
    Code,
    Command,
    Instant,
    RequiredText,
    Role,
    ShortText,
    Value,
)
from schemas.consent import Consent
from schemas.course import CourseNotes
from schemas.evaluation import Evaluation, OverrideWanted
from schemas.event import Fact
from schemas.health_record import LetterDue
from schemas.identity import Match
from schemas.infusion import SessionResult
from schemas.message import DeadLetter, LedgerEntry
from schemas.notification import Notification
from schemas.people import Contact
from schemas.preparation import PlanChange, Preparation
from schemas.protocol import Clinic, Protocol
from schemas.reevaluation import Course, Score
from schemas.referral import Referral
from schemas.risk_alert import RiskAlert
from schemas.safety_program import FormOwed
from schemas.screening import Modality, Screening, ScreeningDecision
from schemas.transfer import TransferHistory


class Phase(StrEnum):
    """A stretch of the journey. ON_HOLD is a side state: it remembers where to go back."""

    REFERRAL = "REFERRAL"
    PSYCH_EVAL = "PSYCH_EVAL"
    MED_SCREEN = "MED_SCREEN"
    CONSENT = "CONSENT"
    SCHEDULED = "SCHEDULED"
    INFUSION_SERIES = "INFUSION_SERIES"
    REEVALUATION = "REEVALUATION"
    TAPER = "TAPER"
    MAINTENANCE = "MAINTENANCE"
    SWITCH_ESKETAMINE = "SWITCH_ESKETAMINE"
    DISCONTINUE_REFER = "DISCONTINUE_REFER"
    FOLLOW_UP = "FOLLOW_UP"
    CLOSED = "CLOSED"
    ON_HOLD = "ON_HOLD"


class Event(StrEnum):
    """What moves a journey from phase to phase."""

    TRIAGED = "triaged"
    REFERRAL_DECLINED = "referral_declined"
    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    MEDICALLY_CLEARED = "medically_cleared"
    CONTRAINDICATED = "contraindicated"
    CONSENT_SIGNED = "consent_signed"
    CONSENT_DECLINED = "consent_declined"
    CLEARED_AND_BOOKED = "cleared_and_booked"
    CLEARANCE_REFUSED = "clearance_refused"
    SERIES_FINISHED = "series_finished"
    SERIES_STOPPED = "series_stopped"
    EXTEND_CHOSEN = "extend_chosen"
    TAPER_CHOSEN = "taper_chosen"
    MAINTENANCE_CHOSEN = "maintenance_chosen"
    SWITCH_CHOSEN = "switch_chosen"
    DISCONTINUE_CHOSEN = "discontinue_chosen"
    REVIEW_DUE = "review_due"
    TAPERED_OFF = "tapered_off"
    RELAPSED = "relapsed"
    REFERRED_ONWARD = "referred_onward"
    FOLLOWED_UP = "followed_up"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    HELD = "held"
    RESUMED = "resumed"
    CLOSE_REQUESTED = "close_requested"


class HoldJourney(Command):
    """Put the journey on hold: why (a code and words), whose it is, when it is looked at again."""

    reason_code: Code = "clinical"
    reason: RequiredText
    owner: Role = Role.CARE_COORDINATOR
    review_on: date


class ResumeJourney(Command):
    """Ask to leave the hold; another person, a psychiatrist, decides."""

    reason: RequiredText


class CloseJourney(Command):
    """End the journey: no more sessions; safety follow-ups already owed are still made."""

    reason: RequiredText
    outcome: Code = "closed"


class ChangeProtocol(Command):
    """Move this journey to another protocol version, by a two-person approval. `from_version`: the
    version that whoever prepared the change saw, if they say so; on another it is refused."""

    protocol: Protocol
    from_version: Code | None = None
    reason: RequiredText


class ClockAdvanced(Value):
    """Training only: the clinical clock jumps forward, by seconds or to a moment."""

    command_id: Annotated[str, Field(min_length=1, max_length=200)]
    by_seconds: Annotated[float, Field(gt=0, le=10 * 366 * 86_400)] | None = None
    to: Instant | None = None
    actor: Actor | None = None


class Hold(Carried):
    """A hold in force. `back_to`: the phase it was entered from. `look_again_after`: from one
    review to the next; None: as long as to the first."""

    reason_code: str
    reason: str
    owner: Role
    since: Instant
    review_at: Instant
    back_to: Phase
    requested_by: Actor
    look_again_after: timedelta | None = None


class FollowUp(Carried):
    """A safety follow-up owed to the patient: the day after every dose, whatever happens, and the
    evening before it. Times count from `discharged_at`, elapsed. `attempts`: calls that reached
    nobody. `home_asked`: the patient was asked whether they are home safe; `evening_called`: a
    nurse was asked to call; `evening_over`: somebody knows. `taken_over`: by a clinician.
    `companion`: whether somebody stays the first evening, None while nobody said."""

    session_id: str
    from_at: Instant
    by_at: Instant
    task_key: str
    number: int = 0
    discharged_at: Instant | None = None
    at_risk: bool = False
    attempts: int = 0
    companion: bool | None = None
    home_asked: bool = False
    evening_called: bool = False
    evening_over: bool = False
    taken_over: bool = False
    welfare_asked: bool = False


class Booking(Carried):
    """A session workflow that the journey has started and not yet heard the end of. `ends_at`:
    until when its places are reserved; `wanted_at`: the planned hour, where it was taken;
    `looked_at`: when the gate was last judged ahead; `told`: what the day's gate knows;
    `observer`: the nurse kept for the dose."""

    session_id: str
    modality: Modality
    number: int
    scheduled_at: Instant
    ends_at: Instant | None = None
    wanted_at: Instant | None = None
    preparation: Preparation | None = None
    looked_at: Instant | None = None
    told: PlanChange | None = None
    observer: Code | None = None


class Series(Carried):
    """A run of sessions: the infusion series, a taper, maintenance, or the spray's schedule."""

    course: Code
    modality: Modality
    planned: tuple[Instant, ...] = ()
    position: int = 0
    open_ended: bool = False
    target: int = 0
    done: int = 0
    missed_in_row: int = 0
    miss_unresolved: bool = False
    began_at: Instant | None = None


class JourneyState(CarriedState):
    """Everything a journey carries from run to run. Written by one release, read by the next:
    fields are only added, each with a default. `clearance_valid_until`: by the results as they were
    recorded; whether it holds for a dose is judged by `clinical/clearance.py`. `clearance_voided`:
    what stands in its way until another screening, as codes, and since when."""

    journey_id: str
    workflow_id: str
    clinic: Clinic
    protocol: Protocol
    training: bool = False
    clock_may_move: bool = False
    clock_offset_s: float = 0
    signatures_required: bool = False
    decision_keys: dict[str, str] = {}
    decision_keys_ms: int = 0
    refused_commands: list[str] = []
    referral: Referral
    referral_accepted: bool = False
    accepted_by: str = ""
    phase: Phase = Phase.REFERRAL
    phase_entered_at: Instant | None = None
    began_at: Instant | None = None
    version: int = 0
    sequence: int = 0
    runs: int = 1
    evaluation: Evaluation | None = None
    eligible: bool = False
    override_wanted: OverrideWanted | None = None
    screening: Screening | None = None
    screening_decision: ScreeningDecision | None = None
    consent_declined: bool = False
    consents: dict[Modality, Consent] = {}
    consent_sequence: int = 0
    cleared: bool = False
    clearance_valid_until: Instant | None = None
    clearance_voided: tuple[Code, ...] = ()
    clearance_voided_at: Instant | None = None
    scores: list[Score] = []
    baseline: list[Score] = []
    series: Series | None = None
    sessions: list[SessionResult] = []
    booking: Booking | None = None
    booked: dict[Modality, int] = {}
    course: Course | None = None
    maintenance_since: Instant | None = None
    relapse_found: bool = False
    notes: CourseNotes = Field(default_factory=CourseNotes)
    hold: Hold | None = None
    enrolled_in_safety_program: bool = False
    pending_interrupt: Event | None = None
    close_outcome: str | None = None
    tasks: dict[str, Task] = {}
    task_counts: dict[str, int] = {}
    closed_tasks: list[str] = []
    refresh_count: int = 0
    follow_ups: list[FollowUp] = []
    risk_alerts: list[RiskAlert] = []
    risks_heard: list[str] = []
    monitoring_forms: list[FormOwed] = []
    adverse_events: list[AdverseEventCase] = []
    adverse_event_count: int = 0
    site_certified: bool | None = None
    silenced: bool = False
    pending_protocol: Protocol | None = None
    ledger: list[LedgerEntry] = []
    dead_letters: list[DeadLetter] = []
    dead_letter_count: int = 0
    unrecorded: list[Fact] = []
    unsent: list[Notification] = []
    letters: list[LetterDue] = []
    letter_count: int = 0
    recorded_sequence: int = 0
    place_moves: list[PlaceMove] = []
    places: PlacesAnswer | None = None
    matches: list[Match] = []
    same_person: list[str] = []
    course_claimed: bool = False
    succeeds: list[str] = []
    carried: TransferHistory | None = None
    authorization: Authorization | None = None
    authorization_alerted: float | None = None
    primary_provider: Contact | None = None
    provider_lost_at: Instant | None = None
    deletion_asked_at: Instant | None = None

    @property
    def closed(self) -> bool:
        """Whether the journey has ended."""
        return self.phase is Phase.CLOSED

    @property
    def shares_care(self) -> Contact | None:
        """The primary mental-health provider as last named; None while one is looked for."""
        if self.primary_provider is not None or self.provider_lost_at is not None:
            return self.primary_provider
        named = self.evaluation.primary_provider if self.evaluation else None
        return named or self.referral.primary_provider


class JourneyInput(Carried):
    """The one input of `PatientJourney`: a new referral, or the state of the run before."""

    state: JourneyState


class JourneyView(Value):
    """The answer to the `state` query: where the journey stands and what it waits on. `carried`:
    what was told of treatment elsewhere; its doses and scores stand among the journey's own.
    `restricted`: somebody has asked to delete it; it is kept for what the law asks alone.
    `clearance_valid_until`: for a dose now or at the booked day; `clearance_voided`: what stands in
    its way until another screening."""

    journey_id: str
    clinic: Code
    phase: Phase
    back_to: Phase | None = None
    training: bool
    protocol_version: Code
    version: int
    now: Instant
    next_action_at: Instant | None = None
    attention: bool = False
    awaiting_roles: tuple[Role, ...] = ()
    pending_approvals: tuple[PendingApproval, ...] = ()
    pending_entries: tuple[PendingApproval, ...] = ()
    open_session: str | None = None
    next_session_at: Instant | None = None
    sessions: tuple[SessionResult, ...] = ()
    scores: tuple[Score, ...] = ()
    baseline: tuple[Score, ...] = ()
    consents: dict[Modality, Consent] = {}
    follow_ups: tuple[FollowUp, ...] = ()
    risk_alerts: tuple[RiskAlert, ...] = ()
    monitoring_forms: tuple[FormOwed, ...] = ()
    adverse_events: tuple[AdverseEventCase, ...] = ()
    authorization: Authorization | None = None
    provider_lost_at: Instant | None = None
    restricted: bool = False
    site_certified: bool | None = None
    clearance_valid_until: Instant | None = None
    clearance_voided: tuple[Code, ...] = ()
    hold: Hold | None = None
    matches: tuple[Match, ...] = ()
    same_person: tuple[str, ...] = ()
    course_claimed: bool = False
    carried: TransferHistory | None = None
    dead_letters: tuple[DeadLetter, ...] = ()
    dead_letter_count: int = 0
    unrecorded: int = 0
    unsent: int = 0
    facts: int = 0
    runs: int = 1


class JourneyOutcome(Value):
    """How a journey ended."""

    journey_id: str
    outcome: Code
    sessions: int
    facts: int
    note: ShortText = ""
