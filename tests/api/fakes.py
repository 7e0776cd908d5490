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
from schemas.drug_cabinet import CabinetReceipt, LotStanding
from schemas.infusion import SessionPhase, SessionReceipt
from schemas.journey import Phase
from schemas.monitor import MonitoringView, MonitorReading
from schemas.patient_link import LinkMade, LinkPurpose, LinkSeen, LinkWish
from schemas.protocol import Protocol
from schemas.referral import Referral, ReferralAccepted
from schemas.screening import Modality
from schemas.transfer import TransferHistory
from schemas.worklist import Away, HandleMany, HandleTask, Handling, SaveFilter
from service.certification import CertificationTold
from service.clinic_alerts import Alerts
from service.clinic_day import ClinicDay
from service.errors import Refused, UnknownWorkflow
from service.every_journey import JourneysTold
from service.fact_words import tell
from service.intake import journey_id
from service.journey_file import JourneyFile
from service.override_report import OverrideReport
from service.programme_rows import AdverseEventRow, MonitoringFormRow
from service.report_lines import EscalationLine, ReportLine, ResponseLine
from service.reports import Asked, Report, ReportName, columns_of
from service.rows import (
    CommandRow,
    EventRow,
    JourneyImpact,
    JourneyRow,
    Page,
    ProtocolPreview,
    SessionRow,
    StockLine,
    StockRow,
    TaskRow,
)
from service.shortage import ShortageOrder
from service.worklist_rows import (
    Absence,
    Asker,
    Filters,
    ItemResult,
    SavedFilter,
    WorklistCounts,
    WorklistPage,
)

NORTH_JOURNEY = "journey-" + "n" * 26
SOUTH_JOURNEY = "journey-" + "s" * 26
NO_JOURNEY = "journey-" + "z" * 26
A_MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


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
class FakeLookups:
    """One journey at `north`, one at `south`, each with a treatment day."""

    commands: dict[str, CommandRow] = field(default_factory=dict)
    told_elsewhere: TransferHistory | None = None
    asked: dict[str, object] = field(default_factory=dict)

    async def journeys(self, *, clinics: frozenset[str] | None, **asked: Any) -> Page[JourneyRow]:
        self.asked = asked
        rows = [a_row(NORTH_JOURNEY, "north"), a_row(SOUTH_JOURNEY, "south")]
        return Page(items=tuple(r for r in rows if clinics is None or r.clinic in clinics))

    async def journey(
        self, journey_id: str, *, clinics: frozenset[str] | None
    ) -> JourneyRow | None:
        page = await self.journeys(clinics=clinics)
        return next((row for row in page.items if row.journey_id == journey_id), None)

    async def timeline(self, journey_id: str, **_: Any) -> Page[EventRow]:
        return Page(items=(an_event(journey_id),))

    async def tasks(self, **asked: Any) -> Page[TaskRow]:
        self.asked = asked
        return Page(items=())

    async def session(
        self, session_id: str, *, clinics: frozenset[str] | None
    ) -> SessionRow | None:
        journey, _, number = session_id.partition("-infusion-")
        row = await self.journey(journey, clinics=clinics)
        if row is None or number != "1":
            return None
        return SessionRow(
            session_id=session_id, journey_id=journey, clinic=row.clinic, phase="BOOKED"
        )

    async def sessions(self, journey_id: str, **_: Any) -> tuple[SessionRow, ...]:
        return ()

    async def monitoring_forms(self, journey_id: str, **_: Any) -> tuple[MonitoringFormRow, ...]:
        return ()

    async def adverse_events(self, journey_id: str, **_: Any) -> tuple[AdverseEventRow, ...]:
        return ()

    async def carried(self, journey_id: str, **_: Any) -> TransferHistory | None:
        return self.told_elsewhere

    async def command(self, workflow_id: str, command_id: str, **_: Any) -> CommandRow | None:
        return self.commands.get(command_id)

    async def events_after(self, cursor: str | None, **_: Any) -> Page[EventRow]:
        return Page(items=(an_event(NORTH_JOURNEY),), next_cursor="7-1")


@dataclass
class FakeStock:
    """One lot at `north`, one at `south`."""

    asked: dict[str, object] = field(default_factory=dict)

    async def stock(
        self,
        *,
        clinics: frozenset[str] | None,
        clinic: str | None,
        lot: str | None = None,
        **_: Any,
    ) -> tuple[StockRow, ...]:
        rows = [a_lot("KET-2231", "north"), a_lot("KET-77", "south")]
        return tuple(
            row
            for row in rows
            if (clinics is None or row.clinic in clinics)
            and clinic in (None, row.clinic)
            and lot in (None, row.lot)
        )

    async def log(self, **asked: Any) -> Page[StockLine]:
        self.asked = asked
        return Page(items=(), next_cursor=None)


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


class FakeRecord:
    up = True

    async def reachable(self) -> bool:
        return self.up


class FakeDays:
    """An empty day at `north`."""

    async def day(
        self, code: str, on: date | None, *, now: datetime, clinics: frozenset[str] | None
    ) -> ClinicDay | None:
        if code != "north" or (clinics is not None and code not in clinics):
            return None
        return ClinicDay(
            clinic=code, on=on or now.date(), time_zone="America/New_York", chairs=4, stays=()
        )


class FakeAlerts:
    """At `north` a registration ends within thirty days."""

    def of(self, code: str, *, now: datetime, clinics: frozenset[str] | None) -> Alerts | None:
        if code != "north" or (clinics is not None and code not in clinics):
            return None
        soon = Reason(code="expires_soon", text="dr-brandt dea ends within 30 days.")
        return Alerts(clinic=code, on=now.date(), alerts=(soon,))


class FakeOverrides:
    """A week at `north` in which nothing was overridden."""

    async def of(
        self, code: str, week: str | None, *, now: datetime, clinics: frozenset[str] | None
    ) -> OverrideReport | None:
        if code != "north" or (clinics is not None and code not in clinics):
            return None
        today = now.date()
        return OverrideReport(
            clinic=code, week=week or "2026-W48", from_on=today, to_on=today, overrides=()
        )


class FakeTransfers:
    """Nobody was transferred yet."""

    async def referral_of(self, journey_id: str, *, clinics: frozenset[str] | None) -> Referral:
        raise Refused(Reason(code="not_transferred", text="transfer_out comes first"))


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


@dataclass(frozen=True)
class FakeFiles:
    """The files of the journeys that `FakeLookups` knows: thin ones."""

    lookups: FakeLookups

    async def open(
        self, journey_id: str, *, clinics: frozenset[str] | None, **_: Any
    ) -> JourneyFile | None:
        row = await self.lookups.journey(journey_id, clinics=clinics)
        if row is None:
            return None
        story = (await self.lookups.timeline(journey_id)).items
        nothing = ("waiting", "scores", "sessions", "consents", "adverse_events", "decisions")
        return JourneyFile(
            journey=row, hold=None, carried=None, remission={}, messages=(),
            story=tuple(map(tell, story)), **dict.fromkeys(nothing, ()),
        )  # fmt: skip


class FakePackets:
    """Nothing was ever asked for."""

    async def packet(self, journey_id: str, *, clinics: frozenset[str] | None) -> None:
        return None

    async def decide(self, journey_id: str, *_: object, **__: object) -> None:
        return None


class FakeReports:
    """One line of dosed days at `north`; remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def usual(
        self, clinic: str | None = None, last_on: date | None = None, *, training: bool = False
    ) -> Asked:
        first_on, last_on = date(2026, 9, 1), last_on or date(2026, 11, 27)
        return Asked(clinic=clinic, first_on=first_on, last_on=last_on, training=training)

    async def report(
        self, name: ReportName, asked: Asked, *, clinics: frozenset[str] | None
    ) -> Report | None:
        self.asked.append(asked)
        if asked.clinic not in (None, "north") or (clinics is not None and "north" not in clinics):
            return None
        lines = (LINES[name],) if name in LINES else ()
        return Report(
            name=name, asked=asked, time_zone="America/New_York", columns=columns_of(name),
            lines=lines,
        )  # fmt: skip


LINES: dict[ReportName, ReportLine] = {
    ReportName.ESCALATIONS: EscalationLine(
        kind="=referral_triage", role="medical_director", escalations=2, tasks=2, small=True
    ),
    ReportName.RESPONSE: ResponseLine(
        instrument="phq9", week=1, assessed=8, responded=4, remitted=1, responded_percent=50.0,
        remitted_percent=12.5,
    ),
}  # fmt: skip


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


def a_row(journey: str, clinic: str) -> JourneyRow:
    return JourneyRow(
        journey_id=journey,
        clinic=clinic,
        phase="REFERRAL",
        training=True,
        protocol_version="standard-1",
        attention=False,
        closed=False,
        updated_at=A_MOMENT,
    )


def a_lot(lot: str, clinic: str) -> StockRow:
    amounts = ("received", "corrected", "in_use", "left_over", "administered", "wasted")
    return StockRow(
        clinic=clinic,
        lot=lot,
        product="ketamine",
        on_hand_mg=450,
        returned_mg=0,
        lost_mg=0,
        standing=LotStanding(usable=True),
        **{f"{amount}_mg": 0 for amount in amounts},
    )


def an_event(journey: str) -> EventRow:
    return EventRow(
        id=1,
        workflow_id=journey,
        journey_id=journey,
        clinic="north",
        sequence=1,
        kind="JourneyStarted",
        at=A_MOMENT,
        recorded_at=A_MOMENT,
        actor_id="engine",
        actor_role="system",
        data={},
    )


class FakeShortages:
    """Nothing is booked at `north`."""

    async def order(
        self,
        code: str,
        doses: int,
        modality: Modality,
        *,
        now: datetime,
        clinics: frozenset[str] | None,
    ) -> ShortageOrder | None:
        if code != "north" or (clinics is not None and code not in clinics):
            return None
        return ShortageOrder(clinic=code, modality=modality, doses=doses, short_by=0, days=())
