"""A journey on record as its workflows would write it, and the console's rooms before that record:
no engine, no browser."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.issuer_keys import build_verifier
from records.store import RecordStore
from runtime.settings import Settings
from schemas.approval import ApprovalKind, DecideApproval, Task
from schemas.base import SYSTEM, Actor, Receipt, Role
from schemas.course_plan import CoursePlan, PlannedCourse, PlannedSession
from schemas.event import AppendEvents, EventKind, Fact, JourneyCard
from schemas.journey import Phase
from schemas.screening import Modality
from service.journey_file import JourneyFiles
from service.lookups import Lookups
from service.packet import Packets
from service.protocols import Catalogue, load_catalogue
from service.reports import Reports
from service.training_issuer import TrainingIssuer
from tests.api.conftest import issuer_key
from tests.console.an_office import an_office
from tests.one_program import seat, the_console

ROOT = Path(__file__).parents[2]
MARIGOLD = "journey-marigoldfinch"
BEGAN = datetime(2026, 9, 1, 13, 0, tzinfo=UTC)
FIRST_DOSE = BEGAN + timedelta(days=20)
TODAY = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
SEAL = "5ea1" * 16
PSYCHIATRIST = Actor(id="dr-quillfeather", role=Role.PSYCHIATRIST)
NURSE = Actor(id="rn-abara", role=Role.NURSE)
DECISION = f"{MARIGOLD}~reevaluation_decision~1"


@dataclass
class Paper:
    """Facts of one journey in order, each workflow with a sequence of its own."""

    pool: asyncpg.Pool
    journey_id: str = MARIGOLD
    clinic: str = "north"
    sequences: dict[str, int] = field(default_factory=dict)

    async def note(
        self, kind: EventKind, at: datetime, actor: Actor = SYSTEM, /, day: str = "", **data: Any
    ) -> None:
        fact = Fact(sequence=self._next(day), kind=kind, at=at, actor=actor, data=data)
        await self.append(fact, day=day)

    async def journal(self, *notes: str) -> None:
        """Entries of the patient's journal, in one batch."""
        facts = (
            Fact(
                sequence=self._next(),
                kind=EventKind.JOURNAL_WRITTEN,
                at=FIRST_DOSE + timedelta(hours=number),
                actor=NURSE,
                data={"note": note},
            )
            for number, note in enumerate(notes)
        )
        await self.append(*facts)

    async def append(
        self, *facts: Fact, day: str = "", card: dict[str, object] | None = None
    ) -> None:
        await RecordStore(self.pool).append(
            AppendEvents(
                workflow_id=self.journey_id + day,
                journey_id=self.journey_id,
                clinic=self.clinic,
                facts=facts,
                card=JourneyCard.model_validate(card) if card else None,
            )
        )

    def _next(self, day: str = "") -> int:
        self.sequences[day] = self.sequences.get(day, 0) + 1
        return self.sequences[day]

    async def card(self, **shown: Any) -> None:
        """Where the journey stands, as its lists show it."""
        card = {
            "journey_id": self.journey_id,
            "clinic": self.clinic,
            "phase": "REEVALUATION",
            "training": False,
            "protocol_version": "standard-1",
            **shown,
        }
        fact = Fact(
            sequence=self._next(), kind=EventKind.JOURNAL_WRITTEN, at=TODAY, actor=NURSE, data={}
        )
        await self.append(fact, card=card)

    async def begin(self, **started: Any) -> None:
        """Referred, accepted, consented."""
        patient = {"given_name": "Marigold", "family_name": "Finch", "birth_date": "1980-02-03"}
        await self.note(
            EventKind.JOURNEY_STARTED,
            BEGAN,
            training=started.get("training", False),
            protocol_version="standard-1",
            referral={"patient": patient},
        )
        await self.note(EventKind.PHASE_ENTERED, BEGAN, phase="REFERRAL")
        await self.note(
            *(EventKind.CONSENT_SIGNED, BEGAN + timedelta(days=9), PSYCHIATRIST),
            form={"modality": "iv_ketamine", "document_version": "2026-4"},
            status="signed",
            valid_until=(BEGAN + timedelta(days=374)).isoformat(),
        )
        await self.card(**started)

    async def score(self, instrument: str, *totals: tuple[float, float]) -> None:
        """Totals at days from the first dose."""
        for total, days in totals:
            at = FIRST_DOSE + timedelta(days=days)
            score = {"instrument": instrument, "total": total, "taken_at": at.isoformat()}
            await self.note(EventKind.SCORES_RECORDED, at, NURSE, scores=[score], note="")

    async def treat(self, *days: float, **result: Any) -> None:
        """Treatment days that ended, at days from the first dose."""
        for number, after in enumerate(days, 1):
            at = FIRST_DOSE + timedelta(days=after)
            session_id = f"{self.journey_id}-infusion-{number}"
            booked = {
                "session_id": session_id,
                "modality": "iv_ketamine",
                "number": number,
                "scheduled_at": at.isoformat(),
            }
            await self.note(EventKind.SESSION_BOOKED, at - timedelta(days=2), **booked)
            await self.note(
                EventKind.SESSION_CLOSED,
                at + timedelta(hours=3),
                **{
                    **booked,
                    "phase": "DISCHARGED",
                    "outcome": "completed",
                    "ordered_mg": 38.5,
                    "delivered_mg": 38.5,
                    "weight_kg": 77,
                    "dosed_at": at.isoformat(),
                    "ended_at": (at + timedelta(hours=2)).isoformat(),
                    "pauses": 0,
                    "peak_systolic_mmhg": 148,
                    "peak_diastolic_mmhg": 91,
                    "lowest_moaas": 4,
                    **result,
                },
            )

    async def ask(self, **evidence: str) -> None:
        """The reevaluation: proposed, sealed, asked for."""
        at = FIRST_DOSE + timedelta(days=23)
        reason = {"code": "remission", "text": "Remission: taper, then stop or maintain"}
        await self.note(
            EventKind.COURSE_PROPOSED,
            at,
            row=1,
            course="taper",
            options=["taper", "maintenance", "switch", "discontinue"],
            reasons=[{**reason, "fact": "row 1", "source": "7.3"}],
            packet=SEAL,
        )
        task = Task(
            task_id=DECISION,
            kind=ApprovalKind.REEVALUATION_DECISION,
            key="reevaluation",
            title="Reevaluation: decide how treatment goes on",
            slots=(Role.PSYCHIATRIST,),
            requested_by=SYSTEM,
            requested_at=at,
            due_at=at + timedelta(days=4),
            next_at=at + timedelta(days=1),
            owed_to=Role.PSYCHIATRIST,
            options=("taper", "maintenance", "discontinue"),
            evidence={"row": "1", "proposal": "taper", "packet": SEAL, **evidence},
        )
        await self.note(EventKind.TASK_OPENED, at, **task.model_dump(mode="json"))

    async def decided(self, course: str = "taper") -> None:
        """As the journey writes it once somebody has decided."""
        at = FIRST_DOSE + timedelta(days=24)
        vote = {
            "actor": PSYCHIATRIST.model_dump(mode="json"),
            "decision": "approve",
            "reason": "remission that held",
            "at": at.isoformat(),
            "choice": course,
        }
        moved = {"task_id": DECISION, "kind": "reevaluation_decision", "version": 2}
        await self.note(EventKind.TASK_VOTED, at, PSYCHIATRIST, **moved, vote=vote)
        await self.note(EventKind.TASK_CLOSED, at, **moved, status="approved")
        await self.note(
            *(EventKind.COURSE_DECIDED, at, PSYCHIATRIST),
            course=course,
            proposed="taper",
            departs=course != "taper",
            packet=SEAL,
            reason="remission that held",
        )


@dataclass
class FakeCourses:
    """Shows three dates of every course, remembers decisions; raises `trouble` if there is any."""

    told: list[DecideApproval] = field(default_factory=list)
    trouble: Exception | None = None
    no_plan: Exception | None = None

    async def decide(self, decision: DecideApproval) -> Receipt:
        if self.trouble is not None:
            raise self.trouble
        self.told.append(decision)
        return Receipt(command_id=decision.command_id, version=2)

    async def plan(self, journey: str, course: PlannedCourse) -> CoursePlan:
        if self.no_plan is not None:
            raise self.no_plan
        days = (TODAY + timedelta(days=7 * n) for n in (1, 2, 3))
        return CoursePlan(
            journey_id=journey,
            clinic="north",
            time_zone="America/New_York",
            training=False,
            protocol_version="standard-1",
            course=course,
            phase=Phase.REEVALUATION,
            as_of=TODAY,
            sessions=tuple(
                PlannedSession(
                    number=n,
                    modality=Modality.IV_KETAMINE,
                    scheduled_at=at,
                    ends_at=at + timedelta(hours=3),
                )
                for n, at in enumerate(days, 7)
            ),
        )


@dataclass
class Rooms:
    """The console over a real record, and whoever is signed in."""

    http: httpx.AsyncClient
    courses: FakeCourses
    issuer: TrainingIssuer

    def sign_in(
        self, *roles: Role, clinic: str = "north", subject: str = "dr-quillfeather"
    ) -> None:
        self.http.cookies.set("journey-visit", self.issuer.mint(subject, roles, (clinic,)))

    async def page(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(f"/console{path}", **more)


OpenRooms = Callable[..., Rooms]


@cache
def the_catalogue() -> Catalogue:
    return load_catalogue(ROOT / "protocols", ROOT / "clinics", TODAY.date())


@pytest.fixture
async def open_rooms(pool: asyncpg.Pool) -> AsyncIterator[OpenRooms]:
    """Builds the rooms, with other settings if a test says so."""
    clients: list[httpx.AsyncClient] = []
    catalogue = the_catalogue()

    def build(**changed: Any) -> Rooms:
        settings = Settings(training_issuer_key=issuer_key(), temporal_ui_url="http://ui.example")
        issuer = TrainingIssuer.open(settings)
        verifier = build_verifier(settings, issuer)
        shown = settings.model_copy(update=changed)
        lookups, courses = Lookups(pool), FakeCourses()
        seat(
            an_office(
                shown,
                verifier,
                dict(catalogue.time_zones),
                lookups=lookups,
                files=JourneyFiles(pool, lookups),
                packets=Packets(pool, lookups, courses, plan_within_s=0.2),
                reports=Reports(pool, catalogue, with_training=shown.training, now=lambda: TODAY),
            ),
        )
        transport = httpx.ASGITransport(the_console())
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://console"))
        return Rooms(clients[-1], courses, issuer)

    yield build
    for client in clients:
        await client.aclose()


@pytest.fixture
def rooms(open_rooms: OpenRooms) -> Rooms:
    return open_rooms()


@pytest.fixture
def paper(pool: asyncpg.Pool) -> Paper:
    """An empty sheet for Marigold Finch of the north."""
    return Paper(pool)
