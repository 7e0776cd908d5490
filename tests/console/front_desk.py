"""The console before a fake front desk: a treatment day as a test wishes it, no servers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from api.issuer_keys import build_verifier
from records.errors import RecordUnavailable
from schemas.base import Actor, Command, Role
from schemas.infusion import SessionPhase, SessionReceipt, SessionView
from schemas.screening import Modality
from service.clinic_day import ClinicDay
from service.commands import wall_clock
from service.day_board import DayBoards, PatientOfDay
from service.rows import JourneyRow, PlaceRow, SessionRow, StayRow
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY, a_row
from tests.console.an_office import an_office

SESSION = f"{NORTH_JOURNEY}-infusion-1"
ZONES = {"north": "America/New_York", "south": "America/Los_Angeles"}
PATIENT = "Philippa Ravenscroft"
NURSE = Actor(id="rn-quill", role=Role.NURSE)
NOW = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)


def a_view(phase: SessionPhase = SessionPhase.DOSING, **more: Any) -> SessionView:
    """What the engine says of a day in this phase, a quarter of an hour in."""
    now = wall_clock()
    fields: dict[str, Any] = {
        "session_id": SESSION,
        "journey_id": NORTH_JOURNEY,
        "modality": Modality.IV_KETAMINE,
        "number": 1,
        "phase": phase,
        "scheduled_at": now - timedelta(minutes=20),
        "training": True,
        "version": 4,
        "now": now,
        "attendant": NURSE,
        **more,
    }
    return SessionView(**fields)


@dataclass
class FakeDays:
    """The clinic's book of one day."""

    stays: tuple[StayRow, ...] = ()

    async def day(self, code: str, on: Any, *, now: datetime, clinics: Any) -> ClinicDay | None:
        if code not in ZONES or (clinics is not None and code not in clinics):
            return None
        return ClinicDay(
            clinic=code, on=on or now.date(), time_zone=ZONES[code], chairs=3, stays=self.stays
        )


class FakePatients:
    """Everybody is Philippa Ravenscroft."""

    async def of(self, sessions: Sequence[str], *, clinics: Any) -> tuple[PatientOfDay, ...]:
        return tuple(PatientOfDay(session_id=s, patient_name=PATIENT, number=1) for s in sessions)


@dataclass
class Rows:
    """One treatment day at `north`."""

    phase: str = "DOSING"
    training: bool = True
    modality: str = "iv_ketamine"
    away: bool = False

    async def journey(self, journey_id: str, *, clinics: Any) -> JourneyRow | None:
        row = a_row(NORTH_JOURNEY, "north").model_copy(
            update={"patient_name": PATIENT, "training": self.training}
        )
        return row if journey_id == NORTH_JOURNEY and _seen(clinics) else None

    async def session(self, session_id: str, *, clinics: Any) -> SessionRow | None:
        if self.away:
            raise RecordUnavailable
        if session_id != SESSION or not _seen(clinics):
            return None
        return SessionRow(
            session_id=SESSION, journey_id=NORTH_JOURNEY, clinic="north", phase=self.phase,
            modality=self.modality, number=1, scheduled_at=NOW,
        )  # fmt: skip


def _seen(clinics: Any) -> bool:
    return clinics is None or "north" in clinics


@dataclass
class FrontDesk:
    """The console of one visitor."""

    door: Door
    rows: Rows = field(default_factory=Rows)
    days: FakeDays = field(default_factory=FakeDays)

    def open(self) -> None:
        """Attach the console to the fake reception."""
        commands, door = self.door.commands, self.door
        door.attach_console(
            an_office(
                door.settings,
                build_verifier(door.settings, door.issuer),
                ZONES,
                lookups=self.rows,
                commands=commands,
                boards=DayBoards(self.days, FakePatients(), commands),
            ),
        )

    def says(self, view: SessionView | None) -> None:
        """What the engine says of the session from now on; None: nobody can ask it."""
        self.rows.phase = view.phase.value if view else self.rows.phase
        self.door.commands.live.clear()
        if view is not None:
            self.door.commands.live[SESSION] = view.model_dump(mode="json")

    def answers(self, receipt: SessionReceipt | Exception) -> None:
        """How the engine answers the next commands."""

        async def send(session: str, kind: str, command: Command) -> SessionReceipt:
            self.told.append((session, kind, command))
            if isinstance(receipt, Exception):
                raise receipt
            return receipt.model_copy(update={"command_id": command.command_id})

        self.door.commands.send_to_session = send  # type: ignore[method-assign]

    @property
    def told(self) -> list[tuple[str, str, Command]]:
        return self.door.commands.told

    async def sign_in(self, *roles: Role, subject: str = "rn-quill") -> None:
        token = self.door.bearer(*roles, subject=subject)["Authorization"].removeprefix("Bearer ")
        await self.door.http.post("/console/sign-in", data={"token": token})

    async def get(self, path: str) -> httpx.Response:
        return await self.door.http.get(f"/console{path}")

    async def give(self, name: str, **fields: Any) -> httpx.Response:
        """One form of the bedside, its dots written as double underscores."""
        data = {key.replace("__", "."): value for key, value in fields.items()}
        return await self.door.http.post(f"/console/sessions/{SESSION}/{name}", data=data)


def a_receipt(phase: SessionPhase = SessionPhase.DOSING, **more: Any) -> SessionReceipt:
    return SessionReceipt(command_id="x", version=5, phase=phase, **more)


def a_stay(chair: int, phase: str = "DOSING", *, session: str = SESSION) -> StayRow:
    at = wall_clock()
    places = (
        PlaceRow(purpose="chair", place=f"chair-{chair}", from_at=at, to_at=at),
        PlaceRow(purpose="observation", place="rn-tamm", from_at=at, to_at=at),
    )
    return StayRow(
        session_id=session, journey_id=NORTH_JOURNEY, clinic="north", training=True,
        scheduled_at=at, arrives_at=at, ends_at=at + timedelta(hours=2), status="confirmed",
        phase=phase, modality="iv_ketamine", places=places,
    )  # fmt: skip
