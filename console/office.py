"""What the console's rooms share: the record, the engine, who comes in and how pages look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from pydantic import JsonValue

from console.pages import Pages
from console.visitors import Guard
from runtime.settings import Settings
from schemas.base import Command
from schemas.infusion import SessionReceipt
from service.day_board import DayBoard
from service.rows import EventRow, JourneyRow, Page, SessionRow, TaskRow

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


@dataclass(frozen=True)
class Office:
    """One console. `zones`: clinic code -> IANA time zone."""

    settings: Settings
    guard: Guard
    pages: Pages
    lookups: LookupsPort
    zones: Mapping[str, str]
    commands: CommandsPort
    boards: BoardsPort
