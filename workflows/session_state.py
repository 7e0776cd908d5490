"""What a treatment day knows of itself while it lasts."""

from dataclasses import dataclass, field
from datetime import datetime

from clinical.adverse_event import PREGNANCY, is_serious
from clinical.baseline_reading import baseline_reading
from clinical.clearance import voided_by
from clinical.medication_review import high_before_dose
from clinical.parameters import Parameters
from clinical.risk_levels import RiskLevel
from clinical.risk_today import worst_level
from clinical.suicide_risk import triage_scores
from clinical.vital_rules import DISTRESS
from schemas.adverse_event import AdverseEvent
from schemas.approval import ApprovalKind, Task
from schemas.base import Actor
from schemas.controlled_substance import DrugLot, Waste
from schemas.event import Fact
from schemas.infusion import (
    CheckIn,
    DoseOutcome,
    OrderDose,
    SafetyOrder,
    SessionPhase,
    SessionPlan,
    SessionResult,
    VitalSigns,
)
from schemas.message import DeadLetter, LedgerEntry
from schemas.notification import Notification
from schemas.reevaluation import Score
from schemas.risk_alert import RiskTold

OPEN = frozenset(
    {
        SessionPhase.BOOKED,
        SessionPhase.PRE_CHECK,
        SessionPhase.READY,
        SessionPhase.DOSING,
        SessionPhase.PAUSED,
        SessionPhase.POST_OBS,
        SessionPhase.DISCHARGE_REVIEW,
    }
)
BEFORE_DOSE = frozenset({SessionPhase.BOOKED, SessionPhase.PRE_CHECK, SessionPhase.READY})
ON_SITE = frozenset({SessionPhase.PRE_CHECK, SessionPhase.READY})
UNDER_DOSE = frozenset({SessionPhase.DOSING, SessionPhase.PAUSED})
OWED_AFTERWARDS = frozenset(
    {ApprovalKind.SUBSTANCE_VARIANCE, ApprovalKind.GAP_REVIEW, ApprovalKind.SAFETY_REPORT}
)
"""What people still owe when the patient has left, and the journey asks for on."""
AFTER_DOSE = frozenset({SessionPhase.POST_OBS, SessionPhase.DISCHARGE_REVIEW})


@dataclass
class SessionState:
    """One treatment day. A session never turns to a new run, so this lives in memory alone and is
    rebuilt from history."""

    plan: SessionPlan
    phase: SessionPhase = SessionPhase.BOOKED
    phase_began_at: datetime | None = None
    check_in: CheckIn | None = None
    checked_in_at: datetime | None = None
    scores: tuple[Score, ...] = ()
    order: OrderDose | None = None
    order_allowed: bool = False
    order_needs_second: bool = False
    overrides: frozenset[str] = frozenset()
    before: list[VitalSigns] = field(default_factory=list)
    pressure_blocked: bool = False
    during: list[VitalSigns] = field(default_factory=list)
    after: list[VitalSigns] = field(default_factory=list)
    attendant: Actor | None = None
    attendant_seen_at: datetime | None = None
    handing_over_to: Actor | None = None
    presence_paged: int = 0
    presence_paged_at: datetime | None = None
    prescriber_left: bool = False
    orders: list[SafetyOrder] = field(default_factory=list)
    lot: DrugLot | None = None
    drawn_mg: float | None = None
    devices: int | None = None
    companion: bool | None = None
    wasted: Waste | None = None
    wasted_by: Actor | None = None
    recounted: bool = False
    downtime_form: str | None = None
    heard_at: datetime | None = None
    gaps: int = 0
    owed_at_end: tuple[ApprovalKind, ...] = ()
    starting: bool = False
    called_off: bool = False
    dosed_at: datetime | None = None
    started_by: str | None = None
    sedative_given_at: datetime | None = None
    dosing_ended_at: datetime | None = None
    delivered_mg: float | None = None
    outcome: DoseOutcome = DoseOutcome.NONE
    stop_events: int = 0
    pauses: int = 0
    paused_at: datetime | None = None
    paused_for_s: float = 0.0
    withdrawn: bool = False
    against_advice: bool = False
    adverse_events: list[AdverseEvent] = field(default_factory=list)
    risks: list[RiskTold] = field(default_factory=list)
    risk_observed: RiskLevel = RiskLevel.NONE
    screened_at_discharge: str | None = None
    ended_at: datetime | None = None
    report_to_journey: bool = False
    read_until: datetime | None = None
    missed_in_row: int = 0
    missed_level: int = 0
    training: bool = False
    clock_may_move: bool = False
    clock_offset_s: float = 0.0
    signatures_required: bool = False
    decision_keys: dict[str, str] = field(default_factory=dict)
    decision_keys_ms: int = 0
    refused_commands: list[str] = field(default_factory=list)
    version: int = 0
    sequence: int = 0
    recorded_sequence: int = 0
    unrecorded: list[Fact] = field(default_factory=list)
    unsent: list[Notification] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    dead_letter_count: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    task_counts: dict[str, int] = field(default_factory=dict)
    closed_tasks: list[str] = field(default_factory=list)

    @property
    def baseline(self) -> VitalSigns | None:
        """What the readings before the dose say together: each sign as it was measured last."""
        return baseline_reading(self.before)

    @property
    def readings(self) -> list[VitalSigns]:
        """The readings of the stretch the day is in: before, during or after the dose."""
        if self.phase in UNDER_DOSE:
            return self.during
        return self.after if self.phase in AFTER_DOSE else self.before

    @property
    def pregnancy_reported(self) -> bool:
        """Whether a pregnancy became known on this day."""
        return any(event.code in PREGNANCY for event in self.adverse_events)

    @property
    def risk_heard(self) -> RiskLevel:
        """The worst danger that the journey was told of today."""
        return worst_level(told.level for told in self.risks) or RiskLevel.NONE

    @property
    def suicide_risk(self) -> RiskLevel | None:
        """The worst level that anybody told today; None where nobody asked (6.4)."""
        screened = self.check_in.suicide_risk if self.check_in else None
        by_scale = triage_scores(self.scores, Parameters(self.plan.protocol.parameters)).level
        levels = (screened, self.screened_at_discharge, *(told.level for told in self.risks))
        return worst_level((*levels, by_scale if self.scores else None))

    @property
    def owed(self) -> tuple[ApprovalKind, ...]:
        """What waits on people beyond this day, each kind once."""
        kinds = {t.kind for t in self.tasks.values() if t.pending}
        return tuple(sorted(kind for kind in OWED_AFTERWARDS if kind in kinds))

    def result(self) -> SessionResult:
        """How the day ended, as the journey remembers it."""
        taken = (*self.during, *self.after)
        systolic = [r.systolic_mmhg for r in taken if r.systolic_mmhg]
        diastolic = [r.diastolic_mmhg for r in taken if r.diastolic_mmhg]
        moaas = [r.moaas for r in taken if r.moaas is not None]
        return SessionResult(
            session_id=self.plan.session_id,
            modality=self.plan.modality,
            number=self.plan.number,
            phase=self.phase,
            outcome=self.outcome,
            ordered_mg=self.order.dose_mg if self.order else None,
            delivered_mg=self.delivered_mg or 0.0,
            weight_kg=self.order.weight_kg if self.order else None,
            scheduled_at=self.plan.scheduled_at,
            dosed_at=self.dosed_at,
            ended_at=self.ended_at or self.plan.scheduled_at,
            stop_events=self.stop_events,
            pauses=self.pauses,
            peak_systolic_mmhg=max(systolic, default=None),
            against_advice=self.against_advice,
            serious_events=sum(map(is_serious, self.adverse_events)),
            consent_withdrawn=self.withdrawn,
            owed=self.owed_at_end,
            companion=self.companion,
            adverse_events=tuple(self.adverse_events),
            peak_diastolic_mmhg=max(diastolic, default=None),
            lowest_moaas=min(moaas, default=None),
            severe_distress=any(DISTRESS & set(r.symptoms) for r in taken),
            vomited=any("vomiting" in r.symptoms for r in taken),
            downtime_form=self.downtime_form,
            scores=self.scores,
            pressure_high=self.pressure_blocked
            or high_before_dose(self.before, Parameters(self.plan.protocol.parameters)),
            suicide_risk=self.suicide_risk,
            risks=tuple(self.risks),
            clearance_voided=voided_by(self.check_in),
            pdmp_queried_at=self.check_in.pdmp_queried_at if self.check_in else None,
        )
