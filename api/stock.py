"""The drug cabinet's door: what each lot holds, its log, and what people tell of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import read_command
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, reception
from api.policy import STOCK_COMMANDS, Spoken
from api.problems import NOT_THERE, Problem
from api.spoken import answered
from schemas.base import Reason
from service.commands import wall_clock

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]
ClinicCode = Annotated[str | None, Query(alias="clinic", max_length=100)]
From = Annotated[date | None, Query(alias="from")]
To = Annotated[date | None, Query(alias="to")]
Cursor = Annotated[str | None, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=500)]
Handler = Callable[..., Awaitable[Response]]


@router.get("/v1/stock")
async def balances(request: Request, visitor: Admitted, clinic: ClinicCode = None) -> Response:
    """Every lot: on hand, in use, given, wasted, and whether it may be drawn from."""
    rows = await reception(request).stock.stock(
        clinics=visitor.clinics, clinic=clinic, today=wall_clock().date()
    )
    return answer({"items": rows})


@router.get("/v1/stock/log")
async def clinic_log(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    clinic: ClinicCode = None,
    first_on: From = None,
    last_on: To = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Response:
    """The log of a clinic from one day to another, both included, in UTC (21 CFR 1304.04)."""
    page = await reception(request).stock.log(
        clinics=visitor.clinics,
        clinic=_clinic(visitor, clinic),
        since=_begins(first_on),
        until=_ends(last_on),
        cursor=cursor,
        limit=limit,
    )
    return answer(page)


@router.get("/v1/stock/{lot}/log")
async def lot_log(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    lot: str,
    clinic: ClinicCode = None,
    first_on: From = None,
    last_on: To = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Response:
    """Every line of one lot's log, in the order of the clinical clock."""
    where = _clinic(visitor, clinic)
    stock = reception(request).stock
    known = await stock.stock(
        clinics=visitor.clinics, clinic=where, today=wall_clock().date(), lot=lot
    )
    if not known:
        raise NOT_THERE
    page = await stock.log(
        clinics=visitor.clinics,
        clinic=where,
        lot=lot,
        since=_begins(first_on),
        until=_ends(last_on),
        cursor=cursor,
        limit=limit,
    )
    return answer({**known[0].model_dump(mode="json"), **page.model_dump(mode="json")})


def _clinic(visitor: Visitor, named: str | None) -> str:
    """The clinic that was named, or the only one of the token. Raises the one 404."""
    own = visitor.clinics or frozenset()
    if named is None and len(own) == 1:
        return next(iter(own))
    if named is None:
        reason = Reason(code="clinic_missing", text="name the clinic: ?clinic=", fact="clinic")
        raise Problem(422, "clinic_missing", reason)
    if not visitor.identity.sees_clinic(named):
        raise NOT_THERE
    return named


def _begins(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _ends(day: date | None) -> datetime | None:
    """The first moment that is no longer of that day."""
    if day is None or day == date.max:
        return None
    return datetime.combine(date.fromordinal(day.toordinal() + 1), time(), UTC)


def _stock_command(spoken: Spoken) -> Handler:
    async def handle(request: Request, visitor: Admitted, clinic: ClinicCode = None) -> Response:
        where = _clinic(visitor, clinic)
        said = await read_command(request, spoken.model, visitor.identity, visitor.allowed)
        commands = reception(request).commands
        return await answered(commands.send_to_cabinet(where, spoken.kind, said))

    handle.__doc__ = spoken.model.__doc__
    return handle


for _path, _spoken in STOCK_COMMANDS.items():
    router.post(f"/v1/stock/{_path}", name=_spoken.kind, openapi_extra=body_of(_spoken.model))(
        _stock_command(_spoken)
    )
