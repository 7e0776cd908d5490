"""Which journeys there are, where one stands and why."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.office import HOME, Office
from service.commands import wall_clock

EVENTS_A_PAGE = 200


def room(office: Office) -> APIRouter:
    """The list of journeys, and the page of one."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("/journeys")
    async def every(request: Request, cursor: str | None = None) -> Response:
        guest = await office.guard.guest(request)
        page = await office.lookups.journeys(clinics=guest.seen, cursor=cursor)
        return office.pages.show(request, "journeys.html", guest=guest, page=page)

    @router.get("/journeys/{journey_id}")
    async def one(request: Request, journey_id: str, cursor: str | None = None) -> Response:
        guest = await office.guard.guest(request)
        row = await office.lookups.journey(journey_id, clinics=guest.seen)
        if row is None:
            return office.pages.show(request, "unknown.html", 404, guest=guest)
        tasks = await office.lookups.tasks(
            clinics=guest.seen, now=wall_clock(), journey=journey_id, limit=EVENTS_A_PAGE
        )
        events = await office.lookups.timeline(
            journey_id, clinics=guest.seen, after=cursor, limit=EVENTS_A_PAGE
        )
        return office.pages.show(
            request, "journey.html", guest=guest, journey=row, tasks=tasks.items, events=events
        )

    return router
