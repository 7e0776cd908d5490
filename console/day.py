"""The day board: in what phase each chair of a clinic is, and what is due next there."""

from datetime import date, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.moments import day_at
from console.office import HOME, Office
from console.visitors import Visit
from service.commands import wall_clock

LOOKS_AGAIN_S = 12
ONE_DAY = timedelta(days=1)


def room(office: Office) -> APIRouter:
    """The board of one clinic's day, and the part of it that looks again by itself."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("/day")
    async def day(request: Request, clinic: str = "", on: str = "") -> Response:
        return await _shown(office, request, "day.html", clinic, on)

    @router.get("/day/board")
    async def board(request: Request, clinic: str = "", on: str = "") -> Response:
        return await _shown(office, request, "day_board.html", clinic, on)

    return router


async def _shown(office: Office, request: Request, template: str, clinic: str, on: str) -> Response:
    guest = await office.guard.guest(request)
    clinics = _clinics(office, guest)
    code = clinic or next(iter(clinics), "")
    now = wall_clock()
    board = await office.boards.board(code, _date(on), now=now, clinics=guest.seen)
    if board is None:
        return office.pages.show(request, "unknown_clinic.html", 404, guest=guest)
    shown = board.day.on
    return office.pages.show(
        request,
        template,
        guest=guest,
        board=board,
        clinics=clinics,
        now=now,
        today=day_at(now, board.day.time_zone),
        before=shown - ONE_DAY,
        after=shown + ONE_DAY,
        looks_again_s=LOOKS_AGAIN_S,
    )


def _clinics(office: Office, guest: Visit) -> tuple[str, ...]:
    """The clinics that the visitor may see."""
    return tuple(sorted(c for c in office.zones if guest.seen is None or c in guest.seen))


def _date(on: str) -> date | None:
    """The day in the address; None for today, and for what is no day."""
    try:
        found = date.fromisoformat(on)
    except ValueError:
        return None
    return found if date.min + ONE_DAY < found < date.max - ONE_DAY else None
