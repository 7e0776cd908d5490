"""What the routes need of the front desk and the record; the real ones fit by shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from prometheus_client import CollectorRegistry
from pydantic import JsonValue

from api.auth import Verifier
from runtime.settings import Settings
from schemas.approval import DecideApproval
from schemas.base import Actor, Command, Receipt
from schemas.course_plan import CoursePlan, PlannedCourse
from schemas.drug_cabinet import CabinetReceipt
from schemas.infusion import SessionReceipt
from schemas.monitor import BatchAnswer, ReadingBatch
from schemas.patient_link import LinkMade, LinkSeen, LinkWish
from schemas.protocol import Protocol as TreatmentProtocol
from schemas.referral import Referral, ReferralAccepted
from schemas.screening import Modality
from schemas.transfer import TransferHistory
from schemas.worklist import Away, HandleMany, HandleTask, Handling, SaveFilter
from service.certification import CertificationTold
from service.clinic_alerts import Alerts
from service.clinic_day import ClinicDay
from service.every_journey import JourneysTold
from service.override_report import OverrideReport
from service.programme_rows import AdverseEventRow, MonitoringFormRow
from service.reports import Asked, Report, ReportName
from service.rows import (
    CommandRow,
    EventRow,
    JourneyRow,
    Page,
    ProtocolPreview,
    SessionRow,
    StockLine,
    StockRow,
    TaskRow,
)
from service.shortage import ShortageOrder
from service.step_up import StepUp
from service.training_issuer import TrainingIssuer
from service.worklist_rows import (
    Absence,
    Asker,
    Filters,
    ItemResult,
    SavedFilter,
    WorklistCounts,
    WorklistPage,
)

Clinics = frozenset[str] | None


class CommandsPort(Protocol):
    """`service.commands.Commands`."""

    async def refer(self, referral: Referral, actor: Actor) -> ReferralAccepted: ...
    async def decide(
        self, decision: DecideApproval
    ) -> Receipt | SessionReceipt | CabinetReceipt: ...
    async def send(self, journey: str, kind: str, command: Command) -> Receipt: ...
    async def send_to_session(
        self, session: str, kind: str, command: Command
    ) -> SessionReceipt: ...
    async def send_to_cabinet(self, clinic: str, kind: str, command: Command) -> CabinetReceipt: ...
    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None: ...
    async def plan(self, journey: str, course: PlannedCourse) -> CoursePlan: ...
    async def clinic_of(self, journey: str) -> str | None: ...
    async def reachable(self) -> bool: ...


class LookupsPort(Protocol):
    """`service.lookups.Lookups`, the part of it that the routes use."""

    async def journeys(
        self,
        *,
        clinics: Clinics,
        phase: str | None = None,
        clinic: str | None = None,
        awaiting_role: str | None = None,
        attention: bool | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[JourneyRow]: ...
    async def journey(self, journey_id: str, *, clinics: Clinics) -> JourneyRow | None: ...
    async def timeline(
        self, journey_id: str, *, clinics: Clinics, after: str | None = None, limit: int = 50
    ) -> Page[EventRow]: ...
    async def tasks(
        self,
        *,
        clinics: Clinics,
        now: datetime,
        role: str | None = None,
        clinic: str | None = None,
        overdue: bool = False,
        kind: str | None = None,
        journey: str | None = None,
        only_approvals: bool = False,
        only_pending: bool = True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[TaskRow]: ...
    async def session(self, session_id: str, *, clinics: Clinics) -> SessionRow | None: ...
    async def sessions(self, journey_id: str, *, clinics: Clinics) -> tuple[SessionRow, ...]: ...
    async def monitoring_forms(
        self, journey_id: str, *, clinics: Clinics
    ) -> tuple[MonitoringFormRow, ...]: ...
    async def adverse_events(
        self, journey_id: str, *, clinics: Clinics
    ) -> tuple[AdverseEventRow, ...]: ...
    async def carried(self, journey_id: str, *, clinics: Clinics) -> TransferHistory | None: ...
    async def command(
        self, workflow_id: str, command_id: str, *, clinics: Clinics
    ) -> CommandRow | None: ...
    async def events_after(
        self,
        cursor: str | None,
        *,
        clinics: Clinics,
        clinic: str | None = None,
        limit: int = 50,
    ) -> Page[EventRow]: ...


class StockPort(Protocol):
    """`service.stock.StockLookups`."""

    async def stock(
        self, *, clinics: Clinics, clinic: str | None, today: date, lot: str | None = None
    ) -> tuple[StockRow, ...]: ...
    async def log(
        self,
        *,
        clinics: Clinics,
        clinic: str,
        lot: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[StockLine]: ...


class ClinicDaysPort(Protocol):
    """`service.clinic_day.ClinicDays`."""

    async def day(
        self, code: str, on: date | None, *, now: datetime, clinics: Clinics
    ) -> ClinicDay | None: ...


class ProtocolsPort(Protocol):
    """`service.protocol_preview.ProtocolBook`."""

    async def preview(self, new: TreatmentProtocol, *, clinics: Clinics) -> ProtocolPreview: ...


class TransfersPort(Protocol):
    """`service.transfer.Transfers`."""

    async def referral_of(self, journey_id: str, *, clinics: Clinics) -> Referral: ...


class PatientLinksPort(Protocol):
    """`service.patient_links.PatientLinks`."""

    async def make(
        self, journey_id: str, wish: LinkWish, actor: Actor, command_id: str, *, clinics: Clinics
    ) -> LinkMade: ...
    async def of_journey(self, journey_id: str) -> tuple[LinkSeen, ...]: ...
    async def revoke(self, journey_id: str, link_id: str, actor: Actor) -> None: ...


class MonitorPort(Protocol):
    """`service.monitor.MonitorStream`."""

    async def take(self, session_id: str, batch: ReadingBatch, actor: Actor) -> BatchAnswer: ...


class RecordProbe(Protocol):
    """Whether the record answers."""

    async def reachable(self) -> bool: ...


class CertificationsPort(Protocol):
    """`service.certification.Certifications`."""

    async def lose_certification(
        self, clinic: str, actor: Actor, reason: str, command_id: str
    ) -> CertificationTold: ...
    async def regain_certification(
        self, clinic: str, actor: Actor, reason: str, command_id: str
    ) -> CertificationTold: ...


class ClosuresPort(Protocol):
    """`service.closure.Closures`."""

    async def announce(
        self, clinic: str, actor: Actor, closed_on: Sequence[date], reason: str, command_id: str
    ) -> JourneysTold: ...


class WorklistPort(Protocol):
    """`service.worklist.Worklist`."""

    async def page(
        self,
        asker: Asker,
        filters: Filters,
        *,
        seen: Mapping[str, int] | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> WorklistPage: ...
    async def counts(
        self, asker: Asker, *, seen: Mapping[str, int] | None = None
    ) -> WorklistCounts: ...


class HandlingPort(Protocol):
    """`service.task_handling.TaskHandling`."""

    async def act(self, said: HandleTask, asker: Asker) -> Handling: ...
    async def act_on_many(
        self, said: HandleMany, speaker: Actor, command_id: str, asker: Asker
    ) -> tuple[ItemResult, ...]: ...
    async def filters(self, asker: Asker) -> tuple[SavedFilter, ...]: ...
    async def save_filter(self, said: SaveFilter, asker: Asker) -> SavedFilter: ...
    async def forget_filter(self, filter_id: int, asker: Asker) -> None: ...
    async def absences(self, person: str) -> tuple[Absence, ...]: ...
    async def go_away(self, said: Away, asker: Asker) -> Absence: ...
    async def come_back(self, absence_id: int, asker: Asker) -> None: ...


class ReportsPort(Protocol):
    """`service.reports.Reports`."""

    def usual(
        self, clinic: str | None = None, last_on: date | None = None, *, training: bool = False
    ) -> Asked: ...
    async def report(
        self, name: ReportName, asked: Asked, *, clinics: Clinics
    ) -> Report | None: ...


class ClinicAlertsPort(Protocol):
    """`service.clinic_alerts.ClinicAlerts`."""

    def of(self, code: str, *, now: datetime, clinics: frozenset[str] | None) -> Alerts | None: ...


class OverrideReportsPort(Protocol):
    """`service.override_report.OverrideReports`."""

    async def of(
        self, code: str, week: str | None, *, now: datetime, clinics: frozenset[str] | None
    ) -> OverrideReport | None: ...


class ShortagesPort(Protocol):
    """`service.shortage.Shortages`."""

    async def order(
        self,
        code: str,
        doses: int,
        modality: Modality,
        *,
        now: datetime,
        clinics: frozenset[str] | None,
    ) -> ShortageOrder | None: ...


@dataclass(frozen=True)
class Reception:
    """All that the routes are given, put together at the composition root."""

    settings: Settings
    commands: CommandsPort
    lookups: LookupsPort
    stock: StockPort
    verifier: Verifier
    record: RecordProbe
    certifications: CertificationsPort
    closures: ClosuresPort
    days: ClinicDaysPort
    alerts: ClinicAlertsPort
    overrides: OverrideReportsPort
    monitor: MonitorPort
    protocols: ProtocolsPort
    transfers: TransfersPort
    worklist: WorklistPort
    handling: HandlingPort
    reports: ReportsPort
    links: PatientLinksPort
    shortages: ShortagesPort
    issuer: TrainingIssuer | None = None
    step_up: StepUp = field(default_factory=StepUp)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
