"""A treatment day: check-in, order, readings, dosing, observation, discharge.

The same commands serve the infusion and the nasal spray; `Modality` tells them apart.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.adverse_event import AdverseEvent
from schemas.approval import ApprovalKind, PendingApproval
from schemas.base import (
    Actor,
    Carried,
    Code,
    Command,
    Instant,
    Reason,
    RequiredText,
    Role,
    ShortText,
    Value,
)
from schemas.controlled_substance import DrugLot, Waste
from schemas.message import DeadLetter
from schemas.people import Contact
from schemas.protocol import Clinic, Protocol
from schemas.reevaluation import Assessment, Score
from schemas.risk_alert import RiskTold
from schemas.safety_program import SprayFacts
from schemas.screening import Modality


class SessionPhase(StrEnum):
    """Where a treatment day stands."""

    BOOKED = "BOOKED"
    PRE_CHECK = "PRE_CHECK"
    READY = "READY"
    DOSING = "DOSING"
    PAUSED = "PAUSED"
    POST_OBS = "POST_OBS"
    DISCHARGE_REVIEW = "DISCHARGE_REVIEW"
    DISCHARGED = "DISCHARGED"
    TRANSFERRED = "TRANSFERRED"
    ABORTED = "ABORTED"
    MISSED = "MISSED"
    RESCHEDULED = "RESCHEDULED"


class DoseOutcome(StrEnum):
    """By delivered amount: completed counts to the series, aborted does not."""

    NONE = "none"
    COMPLETED = "completed"
    PARTIAL = "partial"
    ABORTED = "aborted"


class VitalSigns(Value):
    """One reading. mmHg, beats a minute, percent, breaths a minute, degrees Celsius, kg.
    `moaas` 0-5 (5 awake), `cadss6` 0-24. `taken_at`: the device's clock. `weight_confirmed_by`:
    the second person who read the scale, where the weight is far from the last one. `device`: the
    monitor that measured it, None where a person entered it; the session writes it."""

    systolic_mmhg: Annotated[int, Field(ge=40, le=300)] | None = None
    diastolic_mmhg: Annotated[int, Field(ge=20, le=200)] | None = None
    heart_rate_bpm: Annotated[int, Field(ge=20, le=300)] | None = None
    spo2_percent: Annotated[int, Field(ge=30, le=100)] | None = None
    respiratory_rate_per_min: Annotated[int, Field(ge=0, le=80)] | None = None
    temperature_c: Annotated[float, Field(ge=30, le=45)] | None = None
    weight_kg: Annotated[float, Field(ge=35, le=250)] | None = None
    weight_confirmed_by: Code | None = None
    moaas: Annotated[int, Field(ge=0, le=5)] | None = None
    cadss6: Annotated[int, Field(ge=0, le=24)] | None = None
    symptoms: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    taken_at: Instant | None = None
    device: Code | None = None


class CheckIn(Command):
    """The patient has arrived. What the readiness gate needs and only today can tell.
    `mood_scale`: the PHQ-9 or QIDS-SR16 that was answered today, before the dose.
    `observer`: who watches while dosing; `observer_change`: why, where that is another nurse than
    the clinic's book keeps for this dose. `pdmp_queried_at`: when the prescription monitoring
    programme was queried, by the prescriber or by whom the state lets do it."""

    identity_confirmed: bool = True
    escort: Contact | None = None
    escort_confirmed: bool = False
    last_solids_at: Instant | None = None
    last_liquids_at: Instant | None = None
    last_nasal_drug_at: Instant | None = None
    medicines_reconciled: bool = False
    new_medicines: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    pregnancy_test_negative: bool | None = None
    suicide_risk: Annotated[str, Field(pattern="^(none|low|moderate|high)$")] | None = None
    intoxicated: bool = False
    emergency_kit_checked: bool = False
    observer: Code | None = None
    prescriber_on_site: bool = False
    pulse_oximeter: bool = False
    consent_reconfirmed: bool = False
    arrived_at: Instant | None = None
    monitor_checked: bool = True
    pregnancy_test_refused: bool = False
    pregnancy_alternative: Code | None = None
    suicide_risk_reviewed_by: Actor | None = None
    medicines_reviewed_by: Actor | None = None
    changes_since_last: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    last_alcohol_at: Instant | None = None
    pregnancy_test_at: Instant | None = None
    observer_change: ShortText = ""
    mood_scale: Assessment | None = None
    pdmp_queried_at: Instant | None = None


class SupplyMissing(Command):
    """What was missing, supplied after check-in: only what is said replaces what was said before.
    Who reviewed says so by sending it: the reviewer is the actor of the command.
    `prescriber_on_site` is also said after the dose began: the prescriber left, or one is here."""

    identity_confirmed: bool | None = None
    escort: Contact | None = None
    escort_confirmed: bool | None = None
    last_solids_at: Instant | None = None
    last_liquids_at: Instant | None = None
    last_nasal_drug_at: Instant | None = None
    medicines_reconciled: bool | None = None
    medicines_reviewed: bool = False
    pregnancy_test_negative: bool | None = None
    pregnancy_test_at: Instant | None = None
    pregnancy_alternative: Code | None = None
    suicide_risk: Annotated[str, Field(pattern="^(none|low|moderate|high)$")] | None = None
    suicide_risk_reviewed: bool = False
    mood_scale: Assessment | None = None
    emergency_kit_checked: bool | None = None
    monitor_checked: bool | None = None
    prescriber_on_site: bool | None = None
    pulse_oximeter: bool | None = None
    consent_reconfirmed: bool | None = None
    observer: Code | None = None
    observer_change: ShortText | None = None
    pdmp_queried_at: Instant | None = None


class NamesPeople(Command):
    """A command in which its sender names others who agreed to it. `on_staff`: those of them whom
    the clinic's file of the day lists, in the role it lists them in; the front desk writes it,
    whatever the sender claims. None: the file that the journey began with says so."""

    on_staff: tuple[Actor, ...] | None = None


class OrderDose(NamesPeople):
    """A prescriber's signed order for today: dose in mg, for the weight measured today in kg.
    `licensed_until`: the last day of its signatures by the clinic's file of the day; the front desk
    writes it, whatever the sender claims. `product`: which one, None for whichever approved one the
    clinic has; `compounded`: one that a compounding pharmacy makes."""

    dose_mg: Annotated[float, Field(gt=0, le=500)]
    weight_kg: Annotated[float, Field(ge=35, le=250)] | None = None
    duration_min: Annotated[int, Field(ge=1, le=240)] | None = None
    co_signed_by: Actor | None = None
    note: ShortText = ""
    licensed_until: date | None = None
    product: Code | None = None
    compounded: bool = False


class Downtime(Value):
    """A dose given on paper while the record is away: the form's number, the second person who
    signed it, and why."""

    form: Code
    second_signature: Actor
    reason: RequiredText


class AtThePump(Command):
    """What somebody at the pump asks for and waits for: carried out while they wait, or never.
    `answer_by`: until when they wait; the front desk writes it, whatever the sender claims."""

    answer_by: Instant | None = None


class StartDosing(AtThePump, NamesPeople):
    """The pump is started, or the first spray device given. `lot`: what is drawn from.
    `downtime`: by the paper procedure, while the record is away."""

    lot: DrugLot | None = None
    drawn_mg: Annotated[float, Field(gt=0, le=1_000)] | None = None
    downtime: Downtime | None = None


class RecordVitals(NamesPeople):
    """One reading at the bedside. The answer says what to do next. `sedative_given_at`: when a
    rescue sedative was given, if one was; it prolongs the observation. `device`: the monitor that
    sent the reading; None when a person entered it."""

    vitals: VitalSigns
    late_reason: ShortText | None = None
    sedative_given_at: Instant | None = None
    device: Code | None = None


class PauseDosing(Command):
    reason: RequiredText


class ResumeDosing(AtThePump):
    """A paused dose goes on, on a prescriber's order."""

    reason: RequiredText


class StopDosing(Command):
    """Dosing ends now and for good. `delivered_mg`: what the pump or device has given."""

    reason: RequiredText
    delivered_mg: Annotated[float, Field(ge=0, le=500)] | None = None
    waste: Waste | None = None


class EndDosing(Command):
    """Dosing ended as ordered. `devices`: for the spray, how many 28 mg devices were used."""

    delivered_mg: Annotated[float, Field(ge=0, le=500)]
    devices: Annotated[int, Field(ge=1, le=3)] | None = None
    waste: Waste | None = None


class RecordWaste(Command):
    """What was discarded of the drawn drug, before a witness, told after the dose; it comes on top
    of whatever was told before."""

    waste: Waste
    reason: ShortText = ""


class AssignAttendant(Command):
    """Who stays with the patient from now on."""

    attendant: Actor


class RenewPresence(Command):
    """The attendant is at the chair."""


class HandOver(Command):
    """The attendant asks somebody else to take the patient over; until they say so, the attendant
    stays responsible."""

    to: Actor


class TakeOver(Command):
    """The one who was asked is at the chair and responsible from now on."""


class AcknowledgeOrder(Command):
    """A pause or stop that the engine ordered has been seen and is being carried out."""

    order_id: Code


class Discharge(NamesPeople):
    """A person lets the patient go home. Refused while a criterion is unmet, with every reason.
    What is not said is not met: None is not an answer."""

    escort_present: bool
    instructions_given: bool
    orientation: Annotated[
        int | None, Field(ge=0, le=4, description="person, place, time, situation; None: not said")
    ] = None
    aldrete: Annotated[int, Field(ge=0, le=10)] | None = None
    gait_steady: bool = False
    nausea_controlled: bool = False
    suicide_risk: Annotated[str, Field(pattern="^(none|low|moderate|high)$")] | None = None
    line_removed: bool = False
    waste_reconciled: bool = False
    second_signature: Actor | None = None
    against_advice: bool = False
    transferred_to: ShortText | None = None
    disposition_by: Actor | None = None
    companion: bool | None = None
    effects_gone: Annotated[
        bool | None,
        Field(description="the patient says that the effects are gone; None: not asked"),
    ] = None


class VitalsAction(StrEnum):
    """What the engine answers to a reading; people act."""

    CONTINUE = "continue"
    REPEAT = "repeat"
    SLOW = "slow"
    PAUSE = "pause"
    STOP = "stop"
    CALL = "call"


class ReadingDecision(Value):
    """The answer to one reading: what to do, when to read again (minutes), whom to call, why."""

    action: VitalsAction
    repeat_in_min: float | None = None
    call: tuple[Code, ...] = ()
    reasons: tuple[Reason, ...] = ()


class SafetyOrder(Value):
    """A pause or stop ordered by the engine, addressed to a named person; open until somebody
    acknowledges it. `paged`: how many people have been told so far."""

    order_id: str
    action: VitalsAction
    reason: Code
    to: Actor | None = None
    given_at: Instant
    paged: int = 0
    last_paged_at: Instant | None = None
    acknowledged_by: Actor | None = None
    acknowledged_at: Instant | None = None


class SessionReceipt(Value):
    """The answer to an accepted session command. `order`: what the engine ordered on it."""

    accepted: bool = True
    command_id: str
    version: int
    duplicate: bool = False
    phase: SessionPhase
    decision: ReadingDecision | None = None
    missing: tuple[Reason, ...] = ()
    reasons: tuple[Reason, ...] = ()
    order: SafetyOrder | None = None


class SessionResult(Carried):
    """How a treatment day ended, as the journey remembers it. `owed`: what people still owed when
    the patient left; the journey asks for it on. `source`: who told of a day somewhere else;
    empty: it was here. `pressure_high`: too high before the dose, also after rest.
    `suicide_risk`: the worst level told that day, None where nobody asked; `risks`: every word of
    danger that the journey was sent during the day. `clearance_voided`: what was told that
    voids the medical clearance, as codes. `pdmp_queried_at`: the query of the prescription
    monitoring programme that was told at the chair."""

    session_id: str
    modality: Modality
    number: int
    phase: SessionPhase
    outcome: DoseOutcome = DoseOutcome.NONE
    ordered_mg: float | None = None
    delivered_mg: float = 0
    weight_kg: float | None = None
    scheduled_at: Instant
    dosed_at: Instant | None = None
    ended_at: Instant
    stop_events: int = 0
    pauses: int = 0
    peak_systolic_mmhg: int | None = None
    peak_diastolic_mmhg: int | None = None
    lowest_moaas: int | None = None
    severe_distress: bool = False
    vomited: bool = False
    against_advice: bool = False
    serious_events: int = 0
    consent_withdrawn: bool = False
    owed: tuple[ApprovalKind, ...] = ()
    downtime_form: str | None = None
    companion: bool | None = None
    adverse_events: tuple[AdverseEvent, ...] = ()
    spray: SprayFacts | None = None
    source: str = ""
    scores: tuple[Score, ...] = ()
    pressure_high: bool = False
    suicide_risk: str | None = None
    risks: tuple[RiskTold, ...] = ()
    clearance_voided: tuple[Code, ...] = ()
    pdmp_queried_at: Instant | None = None

    @property
    def counts(self) -> bool:
        """Whether this session counts towards the series (clinical.md 4.1: >= 25 % delivered)."""
        return self.outcome in (DoseOutcome.COMPLETED, DoseOutcome.PARTIAL)


class SessionPlan(Value):
    """What a session workflow starts from: frozen facts of the journey at booking.

    `number`: 1, 2, 3... over the whole journey, for each modality. `consent_signed_at`: of the
    consent in force, where the journey saw it signed. `history`: the last dosed
    sessions, oldest first. The gates stand with the moment their validity ends.
    `pdmp_queried_at`: the last query of the prescription monitoring programme. `stay_ends_at`:
    until when chair and nurse are reserved; None where nothing was. `observer`: the nurse whom the
    clinic's book keeps for this dose; None where it names nobody. `clearance_voided`: what was told
    on an earlier day and stands until another screening; `examined_at`: when the patient was last
    examined for a clearance that stands."""

    session_id: str
    journey_id: str
    clinic: Clinic
    protocol: Protocol
    modality: Modality
    number: Annotated[int, Field(ge=1)]
    scheduled_at: Instant
    training: bool = False
    clock_may_move: bool = False
    clock_offset_s: float = 0
    signatures_required: bool = False
    decision_keys: dict[str, str] = {}
    decision_keys_ms: int = 0
    consent_valid_until: Instant | None = None
    consent_signed_at: Instant | None = None
    clearances_valid_until: Instant | None = None
    planned_dose_mg: float | None = None
    dosing_weight_kg: float | None = None
    consented_max_mg_per_kg: float | None = None
    compounded_consented: bool = False
    improvement_percent: float | None = None
    last_dose_at: Instant | None = None
    pregnancy_test_needed: bool = False
    site_certified: bool = False
    patient_enrolled: bool = False
    authorization_needed: bool = False
    authorized_until: date | None = None
    result_unassessed: bool = False
    mood_scale_needed: bool = False
    attempt: int = 1
    history: tuple[SessionResult, ...] = ()
    pdmp_queried_at: Instant | None = None
    stay_ends_at: Instant | None = None
    observer: Code | None = None
    clearance_voided: tuple[Code, ...] = ()
    examined_at: Instant | None = None


class Missing(Value):
    """One thing that stands between this patient and today's dose: what, who can supply it, and
    by when. `overridable`: a medical director's two-key override may stand in for it."""

    code: Code
    text: str
    supplied_by: Role
    by: Instant | None = None
    overridable: bool = False

    def as_reason(self) -> Reason:
        return Reason(code=self.code, text=self.text)


class Readiness(Value):
    """Ready, or everything that is missing. `ahead`: judged before check-in, on what can
    already be told; then `ready` is never true."""

    ready: bool
    missing: tuple[Missing, ...] = ()
    ahead: bool = False
    overridden: tuple[Code, ...] = ()


class MissingDecision(Value):
    """What an absent reading calls for: an alert, the charge nurse, a paused infusion."""

    alert: bool = False
    escalate: bool = False
    pause: bool = False
    reasons: tuple[Reason, ...] = ()


class Criterion(Value):
    """One discharge criterion, met or not, with the value it was judged on."""

    code: Code
    met: bool
    text: str
    value: str = ""


class DischargeDecision(Value):
    """Whether this person may go, criterion by criterion. `incident`: what must be reported
    because they go all the same (against advice, transferred)."""

    allowed: bool
    criteria: tuple[Criterion, ...] = ()
    incident: Code | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The criteria that are not met."""
        return tuple(
            Reason(code=c.code, text=c.text, fact=c.value) for c in self.criteria if not c.met
        )


class SessionView(Value):
    """The answer to a session's `state` query: where the day stands and what is due next.

    `infusion_ends_at`: when the ordered minutes have run, pauses added; None while it is paused.
    `peak_reading_at`: the spray's pressure at its peak. `discharge_missing`: during observation,
    the criteria that are unmet whatever a person may say on the discharge form.
    `clock_offset_s`: how far a training day's clock stands ahead; `now` is the moment of the last
    thing that happened, so a screen counts from its own clock and this."""

    session_id: str
    journey_id: str
    modality: Modality
    number: int
    phase: SessionPhase
    scheduled_at: Instant
    training: bool
    version: int
    now: Instant
    next_action_at: Instant | None = None
    next_reading_due_at: Instant | None = None
    review_opens_at: Instant | None = None
    missing: tuple[Missing, ...] = ()
    order: OrderDose | None = None
    before: tuple[VitalSigns, ...] = ()
    during: tuple[VitalSigns, ...] = ()
    after: tuple[VitalSigns, ...] = ()
    dosed_at: Instant | None = None
    dosing_ended_at: Instant | None = None
    delivered_mg: float | None = None
    outcome: DoseOutcome = DoseOutcome.NONE
    attendant: Actor | None = None
    handing_over_to: Actor | None = None
    presence_until: Instant | None = None
    orders: tuple[SafetyOrder, ...] = ()
    reconciled: bool = True
    record_away: bool = False
    pending_approvals: tuple[PendingApproval, ...] = ()
    pending_entries: tuple[PendingApproval, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    dead_letter_count: int = 0
    facts: int = 0
    prescriber_left: bool = False
    observer: Code | None = None
    infusion_ends_at: Instant | None = None
    peak_reading_at: Instant | None = None
    discharge_missing: tuple[Criterion, ...] = ()
    clock_offset_s: float = 0
