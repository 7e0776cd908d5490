"""A front desk that only remembers what it was told, for the tests of its doors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pydantic import JsonValue

from records.errors import RecordUnavailable
from schemas.approval import DecideApproval
from schemas.base import SYSTEM, Actor, Command, Reason, Receipt
from schemas.course_plan import CoursePlan, PlannedCourse
from schemas.drug_cabinet import CabinetReceipt
from schemas.infusion import SessionPhase, SessionReceipt
from schemas.journey import Phase
from schemas.monitor import MonitoringView, MonitorReading
from schemas.patient_link import LinkMade, LinkPurpose, LinkSeen, LinkWish
from schemas.protocol import Protocol
from schemas.referral import Referral, ReferralAccepted
from schemas.worklist import Away, HandleMany, HandleTask, Handling, SaveFilter
from service.certification import CertificationTold
from service.errors import Refused, UnknownWorkflow
from service.every_journey import JourneysTold
from service.intake import journey_id
from service.rows import (
    JourneyImpact,
    ProtocolPreview,
)
from service.worklist_rows import (
    Absence,
    Asker,
    Filters,
    ItemResult,
    SavedFilter,
    WorklistCounts,
    WorklistPage,
)
from tests.api.fake_record import A_MOMENT, NORTH_JOURNEY


@dataclass
class FakeCommands:
    """Remembers what it was told; answers, or raises `trouble`."""

    told: list[tuple[str, str, Command]] = field(default_factory=list)
    referred: dict[str, Referral] = field(default_factory=dict)
    actors: list[Actor] = field(default_factory=list)
    trouble: Exception | None = None
    live: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    clinics: dict[str, str] = field(default_factory=dict)
    up: bool = True
    monitored: dict[str, MonitoringView] = field(default_factory=dict)

    async def refer(self, referral: Referral, actor: Actor) -> ReferralAccepted:
        self._maybe_fail()
        found = journey_id(referral.clinic, referral.identifier, b"k" * 32)
        created = found not in self.referred
        self.referred[found] = referral
        self.actors.append(actor)
        return ReferralAccepted(journey_id=found, created=created)

    async def decide(self, decision: DecideApproval) -> Receipt | SessionReceipt:
        return await self.send(decision.approval_id.split("~")[0], "decide_approval", decision)

    async def send(self, journey: str, kind: str, command: Command) -> Receipt:
        self._maybe_fail()
        self.told.append((journey, kind, command))
        return Receipt(command_id=command.command_id, version=2)

    async def send_to_session(self, session: str, kind: str, command: Command) -> SessionReceipt:
        self._maybe_fail()
        self.told.append((session, kind, command))
        return SessionReceipt(
            command_id=command.command_id, version=2, phase=SessionPhase.PRE_CHECK
        )

    async def send_to_cabinet(self, clinic: str, kind: str, command: Command) -> CabinetReceipt:
        self._maybe_fail()
        self.told.append((f"cabinet-{clinic}", kind, command))
        return CabinetReceipt(command_id=command.command_id, version=2)

    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None:
        return self.live.get(workflow_id)

    async def plan(self, journey: str, course: PlannedCourse) -> CoursePlan:
        self._maybe_fail()
        return CoursePlan(
            journey_id=journey,
            clinic="north",
            time_zone="America/New_York",
            training=True,
            protocol_version="standard-1",
            course=course,
            phase=Phase.REEVALUATION,
            as_of=datetime(2026, 11, 27, 15, tzinfo=UTC),
        )

    async def monitoring(self, session_id: str) -> MonitoringView | None:
        return self.monitored.get(session_id)

    async def clinic_of(self, journey: str) -> str | None:
        return self.clinics.get(journey)

    async def reachable(self) -> bool:
        return self.up

    def _maybe_fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@dataclass
class FakeCertifications:
    """Remembers which clinic lost or regained its certification."""

    told: list[tuple[str, str, str]] = field(default_factory=list)

    async def lose_certification(
        self, clinic: str, actor: Actor, reason: str, command_id: str
    ) -> CertificationTold:
        self.told.append(("lost", clinic, command_id))
        return CertificationTold(told=2)

    async def regain_certification(
        self, clinic: str, actor: Actor, reason: str, command_id: str
    ) -> CertificationTold:
        self.told.append(("regained", clinic, command_id))
        return CertificationTold(told=2)


@dataclass
class FakeClosures:
    """Remembers which clinic is closed when."""

    told: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)

    async def announce(
        self, clinic: str, actor: Actor, closed_on: Sequence[date], reason: str, command_id: str
    ) -> JourneysTold:
        self.told.append((clinic, tuple(day.isoformat() for day in closed_on), command_id))
        return JourneysTold(told=3)


class FakeLinks:
    """Remembers which links were asked for; `link-1` is there to be revoked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, LinkWish, Actor, str]] = []
        self.revoked: list[tuple[str, Actor]] = []

    async def make(
        self, journey_id: str, wish: LinkWish, actor: Actor, command_id: str, **_: Any
    ) -> LinkMade:
        self.asked.append((journey_id, wish, actor, command_id))
        return LinkMade(
            link_id="link-1",
            url="https://door/l/north~secret",
            purpose=wish.purpose,
            expires_at=A_MOMENT,
        )

    async def of_journey(self, journey_id: str) -> tuple[LinkSeen, ...]:
        one = LinkSeen(
            link_id="link-1", purpose=LinkPurpose.JOURNAL, session_id=None, made_by=SYSTEM,
            made_at=A_MOMENT, expires_at=A_MOMENT, used_at=None, withdrawn_at=None, revoked_at=None,
        )  # fmt: skip
        return (one,) if journey_id == NORTH_JOURNEY else ()

    async def revoke(self, journey_id: str, link_id: str, actor: Actor) -> None:
        if link_id != "link-1":
            raise UnknownWorkflow
        self.revoked.append((journey_id, actor))


class FakeProtocols:
    """One journey at `north`, which feels nothing of any protocol."""

    async def preview(self, new: Protocol, *, clinics: frozenset[str] | None) -> ProtocolPreview:
        one = JourneyImpact(
            journey_id=NORTH_JOURNEY, clinic="north", phase="REFERRAL", training=True,
            protocol_version="standard-1",
        )  # fmt: skip
        seen = (one,) if clinics is None or "north" in clinics else ()
        return ProtocolPreview(code=new.code, version=new.version, journeys=seen)


class FakeWorklist:
    """Nothing waits."""

    async def page(self, asker: Asker, filters: Filters, **_: Any) -> WorklistPage:
        return WorklistPage(items=())

    async def counts(self, asker: Asker, **_: Any) -> WorklistCounts:
        return WorklistCounts()


class FakeHandling:
    """Everything is allowed and nothing is kept."""

    async def act(self, said: HandleTask, asker: Asker) -> Handling:
        return Handling(task_id=said.approval_id, version=1, claimed_by=asker.person)

    async def act_on_many(
        self, said: HandleMany, speaker: Actor, command_id: str, asker: Asker
    ) -> tuple[ItemResult, ...]:
        return ()

    async def filters(self, asker: Asker) -> tuple[SavedFilter, ...]:
        return ()

    async def save_filter(self, said: SaveFilter, asker: Asker) -> SavedFilter:
        return SavedFilter(filter_id=1, owner=asker.person, name=said.name, query=said.query)

    async def forget_filter(self, filter_id: int, asker: Asker) -> None:
        raise UnknownWorkflow

    async def absences(self, person: str) -> tuple[Absence, ...]:
        return ()

    async def go_away(self, said: Away, asker: Asker) -> Absence:
        raise Refused(Reason(code="not_yours", text="not theirs"))

    async def come_back(self, absence_id: int, asker: Asker) -> None:
        raise UnknownWorkflow


class FakeEvidence:
    """Keeps readings in memory, each once."""

    def __init__(self) -> None:
        self.kept: set[tuple[str, str, datetime]] = set()
        self.away = False

    async def keep(
        self, session_id: str, device: str, readings: Sequence[MonitorReading]
    ) -> frozenset[datetime]:
        if self.away:
            raise RecordUnavailable
        keys = {(session_id, device, reading.taken_at) for reading in readings}
        new = keys - self.kept
        self.kept |= new
        return frozenset(taken_at for _, _, taken_at in new)

    async def recent(self, session_id: str, since: datetime) -> Sequence[MonitorReading]:
        assert session_id
        assert since
        return ()
