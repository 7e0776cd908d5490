"""One journey: where it stands, what it waits on, what happened, by whom and why."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.charts import score_panels
from console.office import HOME, Office
from schemas.base import Role
from service.commands import wall_clock
from service.journey_file import Told
from service.lookups import BadCursorError

MAY_SEE_THE_ENGINE: Final = frozenset({Role.OPS.value, Role.MEDICAL_DIRECTOR.value})


def room(office: Office) -> APIRouter:
    """The page of one journey."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("/journeys/{journey_id}")
    async def one(
        request: Request, journey_id: str, told: str = "all", cursor: str | None = None
    ) -> Response:
        guest = await office.guard.guest(request)
        whose = Told(told) if told in set(Told) else Told.ALL
        try:
            file = await office.files.open(
                journey_id, clinics=guest.seen, told=whose, cursor=cursor
            )
        except BadCursorError:
            file = None
        if file is None:
            return office.pages.show(request, "unknown.html", 404, guest=guest)
        zone = office.zones.get(file.journey.clinic, "UTC")
        return office.pages.show(
            request,
            "journey.html",
            guest=guest,
            file=file,
            panels=score_panels(file.scores, file.sessions, file.carried, file.remission, zone),
            told=whose,
            whose=tuple(Told),
            now=wall_clock(),
            first_page=cursor is None,
            sees_engine=bool(MAY_SEE_THE_ENGINE & set(guest.roles)),
        )

    return router
