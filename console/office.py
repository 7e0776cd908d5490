"""What the console's rooms share: the record, the engine, who comes in and how pages look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from pydantic import JsonValue

from console.pages import Pages
from console.visitors import Guard
from runtime.settings import Settings
from schemas.approval import DecideApproval
from schemas.base import Actor, Command, Receipt
from schemas.drug_cabinet import CabinetReceipt
from schemas.infusion import SessionReceipt
from service.day_board import DayBoard
from service.journey_file import JourneyFile, Told
from service.packet import Decided, Packet
from service.patient_visits import PatientVisits
from service.reports import Asked, Report, ReportName
from service.rows import EventRow, JourneyRow, Page, SessionRow, TaskRow
from service.step_up import StepUp
from service.task_handling import TaskHandling
from service.worklist import Worklist
from service.worklist_news import WorklistNews

HOME: Final = "/console"
Clinics = frozenset[str] | None


class LookupsPort(Protocol):
    """`service.lookups.Lookups`, the part of it that the pages use."""

    async def journeys(
        self, *, clinics: Clinics, cursor: str | None = None
    ) -> Page[JourneyRow]: ...
    async def journey(self, journey_id: str, *, clinics: Clinics) -> JourneyRow | None: ...
    async def tasks(
        self, *, clinics: Clinics, now: datetime, journey: str, limit: int
    ) -> Page[TaskRow]: ...
    async def timeline(
        self, journey_id: str, *, clinics: Clinics, after: str | None, limit: int
    ) -> Page[EventRow]: ...
    async def session(self, session_id: str, *, clinics: Clinics) -> SessionRow | None: ...


class CommandsPort(Protocol):
    """`service.commands.Commands`, the part of it that the pages use."""

    async def send_to_session(
        self, session: str, kind: str, command: Command
    ) -> SessionReceipt: ...
    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None: ...
    async def clinic_of(self, journey: str) -> str | None: ...


class BoardsPort(Protocol):
    """`service.day_board.DayBoards`."""

    async def board(
        self, clinic: str, on: date | None, *, now: datetime, clinics: Clinics
    ) -> DayBoard | None: ...


class DecisionsPort(Protocol):
    """Whoever takes a decision to the workflow that asked for it."""

    async def decide(
        self, decision: DecideApproval
    ) -> Receipt | SessionReceipt | CabinetReceipt: ...


class JourneyFilesPort(Protocol):
    """`service.journey_file.JourneyFiles`."""

    async def open(
        self, journey_id: str, *, clinics: Clinics, told: Told, cursor: str | None
    ) -> JourneyFile | None: ...


class PacketsPort(Protocol):
    """`service.packet.Packets`."""

    async def packet(self, journey_id: str, *, clinics: Clinics) -> Packet | None: ...
    async def decide(
        self, journey_id: str, said: Decided, actor: Actor, *, clinics: Clinics
    ) -> object: ...


class ReportsPort(Protocol):
    """`service.reports.Reports`."""

    def usual(
        self, clinic: str | None = None, last_on: date | None = None, *, training: bool = False
    ) -> Asked: ...
    async def report(
        self, name: ReportName, asked: Asked, *, clinics: Clinics
    ) -> Report | None: ...


@dataclass(frozen=True)
class Office:
    """One console. `zones`: clinic code -> IANA time zone. `ask_again_s`: how long an open page
    is told news before its visit is looked at again."""

    settings: Settings
    guard: Guard
    pages: Pages
    lookups: LookupsPort
    zones: Mapping[str, str]
    worklist: Worklist
    handling: TaskHandling
    news: WorklistNews
    decisions: DecisionsPort
    commands: CommandsPort
    boards: BoardsPort
    files: JourneyFilesPort
    packets: PacketsPort
    reports: ReportsPort
    visits: PatientVisits
    step_up: StepUp = field(default_factory=StepUp)
    ask_again_s: float = 15.0
