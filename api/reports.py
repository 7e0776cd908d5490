"""How a clinic does over a period, as JSON and as a file for a spreadsheet."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.doorkeeper import Visitor, admit, answer, reception
from api.problems import NOT_THERE
from service.reports import Asked, Report, ReportName, report_csv

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]
ClinicCode = Annotated[str | None, Query(alias="clinic", max_length=100)]
From = Annotated[date | None, Query(alias="from")]
To = Annotated[date | None, Query(alias="to")]


@router.get("/v1/reports/{name}.csv")
async def table(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    name: ReportName,
    clinic: ClinicCode = None,
    first_on: From = None,
    last_on: To = None,
    training: bool = False,
) -> Response:
    """The same table as CSV; no cell of it can become a formula."""
    report = await _report(
        request, visitor, name, _asked(request, clinic, first_on, last_on, training)
    )
    return Response(
        report_csv(report),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name.value}.csv"'},
    )


@router.get("/v1/reports/{name}")
async def report(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    name: ReportName,
    clinic: ClinicCode = None,
    first_on: From = None,
    last_on: To = None,
    training: bool = False,
) -> Response:
    """One report for a clinic, or for all that the token may see, from one day to another, both
    included; the last 90 days without them. `training`: of training journeys, in a training
    deployment. Where fewer than five stand behind a line it says `small` and gives no share."""
    asked = _asked(request, clinic, first_on, last_on, training)
    return answer(await _report(request, visitor, name, asked))


def _asked(
    request: Request,
    clinic: str | None,
    first_on: date | None,
    last_on: date | None,
    training: bool,
) -> Asked:
    usual = reception(request).reports.usual(clinic, last_on, training=training)
    return usual if first_on is None else usual.model_copy(update={"first_on": first_on})


async def _report(request: Request, visitor: Visitor, name: ReportName, asked: Asked) -> Report:
    found = await reception(request).reports.report(name, asked, clinics=visitor.clinics)
    if found is None:
        raise NOT_THERE
    return found
