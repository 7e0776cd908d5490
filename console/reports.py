"""How a clinic does over a period: plots, each beside its table, and the tables as files."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.charts import bars, share_panels
from console.office import HOME, Office
from console.pages import HEADERS
from console.visitors import Visit
from schemas.base import Reason
from service.errors import Malformed
from service.reports import REPORT_READERS, Asked, Report, ReportName, report_csv

READERS: Final = frozenset(role.value for role in REPORT_READERS)
BARS: Final[Mapping[ReportName, tuple[tuple[str, ...], str]]] = {
    ReportName.TIME_IN_PHASE: (("phase",), "median_days"),
    ReportName.OVERDUE: (("role",), "still_overdue"),
    ReportName.SESSIONS: (("modality",), "with_pauses"),
    ReportName.ESCALATIONS: (("kind", "role"), "escalations"),
    ReportName.FIRST_CONTACT: (("signal", "level"), "median_minutes"),
}
"""What stands beside each bar, and what its length says."""


def N_(sentence: str) -> str:  # noqa: N802 - as gettext names it
    """Marks a sentence that a template translates."""
    return sentence


TITLES: Final[Mapping[ReportName, str]] = {
    ReportName.RESPONSE: N_("Response and remission by week of treatment"),
    ReportName.TIME_IN_PHASE: N_("Time in each phase"),
    ReportName.OVERDUE: N_("Due and overdue by role"),
    ReportName.SESSIONS: N_("Treatment days with pauses and stops"),
    ReportName.ESCALATIONS: N_("Tasks that went on to somebody else"),
    ReportName.FIRST_CONTACT: N_("Time to the first human contact after a safety signal"),
}
HEADINGS: Final[Mapping[str, str]] = {
    "instrument": N_("Scale"),
    "week": N_("Week"),
    "assessed": N_("Patients assessed"),
    "responded": N_("Responded"),
    "remitted": N_("In remission"),
    "responded_percent": N_("Responded, percent"),
    "remitted_percent": N_("In remission, percent"),
    "phase": N_("Phase"),
    "entered": N_("Entered"),
    "ended": N_("Left again"),
    "median_days": N_("Half took at most, days"),
    "nine_in_ten_days": N_("Nine in ten took at most, days"),
    "role": N_("Role"),
    "fell_due": N_("Fell due"),
    "in_time": N_("Done in time"),
    "late": N_("Done late"),
    "still_overdue": N_("Still overdue"),
    "escalated": N_("Escalated"),
    "median_hours_late": N_("Half are late by at most, hours"),
    "modality": N_("Treatment"),
    "dosed": N_("Dosed days"),
    "with_pauses": N_("Days with pauses"),
    "pauses": N_("Pauses"),
    "stopped": N_("Days stopped"),
    "completed": N_("Completed"),
    "partly": N_("Partly given"),
    "broken_off": N_("Broken off"),
    "with_serious_events": N_("Days with serious events"),
    "kind": N_("Kind of task"),
    "escalations": N_("Escalations"),
    "tasks": N_("Tasks"),
    "signal": N_("Signal"),
    "level": N_("Gravity"),
    "signals": N_("Signals"),
    "answered": N_("Answered by a person"),
    "median_minutes": N_("Half answered within, minutes"),
    "longest_minutes": N_("Longest wait, minutes"),
}
"""What stands above each column; files keep the short names."""
BAD_DAY: Final = Reason(code="bad_day", text="a day is written as 2026-11-27")


def room(office: Office) -> APIRouter:
    """All reports on one page, and each as a file."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("/reports")
    async def every(request: Request) -> Response:
        guest = await office.guard.guest(request)
        if not READERS & set(guest.roles):
            return office.pages.show(request, "reports_closed.html", 403, guest=guest)
        reports: list[Report] = []
        reasons: tuple[Reason, ...] = ()
        asked = office.reports.usual(training=_training(request, office))
        try:
            asked = _asked(request, office)
            read = (office.reports.report(name, asked, clinics=guest.seen) for name in ReportName)
            reports = [report for report in await asyncio.gather(*read) if report is not None]
            if not reports:
                return office.pages.show(request, "unknown.html", 404, guest=guest)
        except Malformed as malformed:
            reasons = malformed.reasons
        return office.pages.show(
            request,
            "reports.html",
            422 if reasons else 200,
            guest=guest,
            asked=asked,
            reasons=reasons,
            reports=[(report, _plot(report)) for report in reports],
            clinics=_clinics(office, guest),
            query=_query(asked),
            titles=TITLES,
            headings=HEADINGS,
        )

    @router.get("/reports/{name}.csv")
    async def table(request: Request, name: ReportName) -> Response:
        guest = await office.guard.guest(request)
        report = None
        if READERS & set(guest.roles):
            try:
                asked = _asked(request, office)
                report = await office.reports.report(name, asked, clinics=guest.seen)
            except Malformed:
                report = None
        if report is None:
            return office.pages.show(request, "unknown.html", 404, guest=guest)
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name.value}.csv"'}
        return Response(report_csv(report), 200, headers, media_type="text/csv")

    return router


def _asked(request: Request, office: Office) -> Asked:
    """What the address asks for. Raises `Malformed` for what is no day."""
    said = request.query_params
    usual = office.reports.usual(
        said.get("clinic") or None, _day(said.get("to")), training=_training(request, office)
    )
    first_on = _day(said.get("from"))
    return usual if first_on is None else usual.model_copy(update={"first_on": first_on})


def _training(request: Request, office: Office) -> bool:
    return office.settings.training and request.query_params.get("training") == "1"


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Malformed(BAD_DAY) from None


def _clinics(office: Office, guest: Visit) -> list[str]:
    return sorted(code for code in office.zones if guest.seen is None or code in guest.seen)


def _query(asked: Asked) -> str:
    said = {"clinic": asked.clinic or "", "from": asked.first_on, "to": asked.last_on}
    return urlencode({**said, **({"training": 1} if asked.training else {})})


def _plot(report: Report) -> dict[str, object]:
    """The plot of a report: lines by week, or bars."""
    if report.name is ReportName.RESPONSE:
        return {"panels": share_panels(report.lines), "bars": (), "measure": ""}
    labels, measure = BARS[report.name]
    return {"panels": (), "bars": bars(report.lines, labels, measure), "measure": measure}
