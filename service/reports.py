"""Reports on a clinic and a period: how treatment goes, what waits too long, how soon one answers.

Training journeys are never counted among patients: a training deployment may ask for them alone.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import SerializeAsAny

from clinical.parameters import Parameters
from schemas.base import Reason, Role
from service.commands import wall_clock
from service.csv_export import as_csv
from service.errors import Malformed
from service.lookups import Clinics, read
from service.protocols import STANDARD, Catalogue
from service.report_lines import (
    SMALL,
    ContactLine,
    EscalationLine,
    OverdueLine,
    PhaseLine,
    ReportLine,
    ResponseLine,
    SessionLine,
)
from service.rows import Row

REPORT_READERS: Final = frozenset(
    {Role.MEDICAL_DIRECTOR, Role.OPS, Role.PSYCHIATRIST, Role.CARE_COORDINATOR}
)
"""Who may see how a clinic does."""
USUAL_DAYS: Final = 90
LONGEST_DAYS: Final = 3 * 366
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
LAST_WEEK: Final = 52
UTC_ZONE: Final = "UTC"


class ReportName(StrEnum):
    """The reports, as addresses name them."""

    RESPONSE = "response"
    TIME_IN_PHASE = "time-in-phase"
    OVERDUE = "overdue"
    SESSIONS = "sessions"
    ESCALATIONS = "escalations"
    FIRST_CONTACT = "first-contact"


class ReportKind(NamedTuple):
    """By which statement a report is read, its lines, and which count says how many stand behind
    one line."""

    query: str
    line: type[ReportLine]
    counted: str


KINDS: Final[Mapping[ReportName, ReportKind]] = MappingProxyType(
    {
        ReportName.RESPONSE: ReportKind("report_response", ResponseLine, "assessed"),
        ReportName.TIME_IN_PHASE: ReportKind("report_time_in_phase", PhaseLine, "entered"),
        ReportName.OVERDUE: ReportKind("report_overdue", OverdueLine, "fell_due"),
        ReportName.SESSIONS: ReportKind("report_sessions", SessionLine, "dosed"),
        ReportName.ESCALATIONS: ReportKind("report_escalations", EscalationLine, "tasks"),
        ReportName.FIRST_CONTACT: ReportKind("report_first_contact", ContactLine, "signals"),
    }
)


class Asked(Row):
    """What is asked for: one clinic or, None, all that the asker may see; days at the clinic, both
    included; `training`: training journeys, and those alone."""

    clinic: str | None = None
    first_on: date
    last_on: date
    training: bool = False


class Report(Row):
    """One report. `columns`: the fields of its lines in order."""

    name: ReportName
    asked: Asked
    time_zone: str
    columns: tuple[str, ...]
    lines: tuple[SerializeAsAny[ReportLine], ...] = ()


class Reports:
    """Reads reports. Every call may raise `RecordUnavailable`, after trying for a few seconds."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        catalogue: Catalogue,
        *,
        with_training: bool = False,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._with_training = with_training
        self._now = now

    def usual(
        self, clinic: str | None = None, last_on: date | None = None, *, training: bool = False
    ) -> Asked:
        """The months until a day, or until today where the clinic is."""
        last_on = last_on or self._now().astimezone(ZoneInfo(self._zone(clinic))).date()
        first_on = max(last_on, EARLIEST) - timedelta(days=USUAL_DAYS - 1)
        return Asked(clinic=clinic, first_on=first_on, last_on=last_on, training=training)

    async def report(self, name: ReportName, asked: Asked, *, clinics: Clinics) -> Report | None:
        """One report; None where the clinic is not the asker's to see or does not exist. Raises
        `Malformed` for a period that cannot be, and for training journeys where there are none."""
        if asked.clinic is not None and not self._seen(asked.clinic, clinics):
            return None
        self._judge(asked)
        kind, zone = KINDS[name], self._zone(asked.clinic)
        period = (_begins(asked.first_on, zone), _begins(asked.last_on + timedelta(days=1), zone))
        values = (asked.clinic, *period, asked.training, *self._more(name, asked.clinic))
        rows = await read(self._pool, kind.query, clinics, *values)
        return Report(
            name=name,
            asked=asked,
            time_zone=zone,
            columns=columns_of(name),
            lines=tuple(_line(kind, dict(row)) for row in rows if row.get("week", 0) <= LAST_WEEK),
        )

    def _more(self, name: ReportName, clinic: str | None) -> tuple[object, ...]:
        """What a report is told besides: when it is now, or the bounds of the protocol."""
        if name is ReportName.OVERDUE:
            return (self._now(),)
        if name is not ReportName.RESPONSE:
            return ()
        protocol = self._catalogue.protocol_of(clinic or STANDARD)
        return bounds(Parameters(protocol.parameters))

    def _judge(self, asked: Asked) -> None:
        length = (asked.last_on - asked.first_on).days
        if length < 0:
            raise Malformed(Reason(code="period_ends_first", text="the period ends first"))
        if length > LONGEST_DAYS:
            raise Malformed(Reason(code="period_too_long", text="at most three years at once"))
        if not EARLIEST <= asked.first_on <= asked.last_on <= LATEST:
            raise Malformed(Reason(code="period_unlikely", text="days between 2000 and 2200"))
        if asked.training and not self._with_training:
            text = "this deployment treats patients: it reports on no training journey"
            raise Malformed(Reason(code="no_training_reports", text=text))

    def _seen(self, clinic: str, clinics: Clinics) -> bool:
        return self._catalogue.shows(clinic, clinics)

    def _zone(self, clinic: str | None) -> str:
        """A clinic's days are its own; days of several clinics are counted in UTC."""
        return self._catalogue.time_zones.get(clinic or "", UTC_ZONE)


def columns_of(name: ReportName) -> tuple[str, ...]:
    """What each line of a report says, in order."""
    own = KINDS[name].line.model_fields
    return (*(field for field in own if field != "small"), "small")


def report_csv(report: Report) -> str:
    """The table of a report as a file."""
    lines = ([getattr(line, name) for name in report.columns] for line in report.lines)
    return as_csv(report.columns, lines)


def bounds(parameters: Parameters) -> tuple[float, ...]:
    """What counts as response, remission and worse, in the order in which the report is told."""
    names = ("response", "remission_phq9", "remission_qids", "remission_madrs")
    worse = ("worsening_pct", "worsening_phq9")
    return tuple(parameters.number(f"instr.{name}") for name in (*names, *worse))


def _line(kind: ReportKind, row: dict[str, object]) -> ReportLine:
    said: dict[str, object] = {name: _rounded(value) for name, value in row.items()}
    counted = int(str(row[kind.counted]))
    said["small"] = counted < SMALL
    if kind.line is ResponseLine and counted >= SMALL:
        for name in ("responded", "remitted"):
            said[f"{name}_percent"] = round(100 * int(str(row[name])) / counted, 1)
    return kind.line.model_validate(said)


def _rounded(value: object) -> object:
    """Medians to one place: no more is known."""
    return round(float(value), 1) if isinstance(value, float | Decimal) else value


def _begins(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
