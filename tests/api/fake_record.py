"""What is read through the doors: a record that only remembers what a test put into it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from schemas.base import Reason
from schemas.drug_cabinet import LotStanding
from schemas.referral import Referral
from schemas.screening import Modality
from schemas.transfer import TransferHistory
from service.clinic_alerts import Alerts
from service.clinic_day import ClinicDay
from service.errors import Refused
from service.fact_words import tell
from service.journey_file import JourneyFile
from service.override_report import OverrideReport
from service.programme_rows import AdverseEventRow, MonitoringFormRow
from service.report_lines import EscalationLine, ReportLine, ResponseLine
from service.reports import Asked, Report, ReportName, columns_of
from service.rows import (
    CommandRow,
    EventRow,
    JourneyRow,
    Page,
    SessionRow,
    StockLine,
    StockRow,
    TaskRow,
)
from service.shortage import ShortageOrder

NORTH_JOURNEY = "journey-" + "n" * 26
SOUTH_JOURNEY = "journey-" + "s" * 26
NO_JOURNEY = "journey-" + "z" * 26
A_MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


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
