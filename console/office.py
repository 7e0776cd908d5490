"""What the console's rooms share: the record, the engine, who comes in and how pages look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from console.pages import Pages
from console.visitors import Guard
from runtime.settings import Settings
from service.patient_visits import PatientVisits
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


@dataclass(frozen=True)
class Office:
    """One console. `zones`: clinic code -> IANA time zone."""

    settings: Settings
    guard: Guard
    pages: Pages
    lookups: LookupsPort
    zones: Mapping[str, str]
    visits: PatientVisits | None = field(default=None, kw_only=True)
