"""What the console's rooms share: the record, the engine, who comes in and how pages look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from console.pages import Pages
from console.visitors import Guard
from runtime.settings import Settings
from schemas.base import Actor
from service.journey_file import JourneyFile, Told
from service.packet import Decided, Packet
from service.reports import Asked, Report, ReportName
from service.rows import EventRow, JourneyRow, Page, TaskRow

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
    """One console. `zones`: clinic code -> IANA time zone."""

    settings: Settings
    guard: Guard
    pages: Pages
    lookups: LookupsPort
    zones: Mapping[str, str]
    files: JourneyFilesPort
    packets: PacketsPort
    reports: ReportsPort
