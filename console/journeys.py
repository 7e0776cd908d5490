"""Which journeys there are, and which of them need somebody."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.office import HOME, Office


def room(office: Office) -> APIRouter:
    """The list of journeys."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("/journeys")
    async def every(request: Request, cursor: str | None = None) -> Response:
        guest = await office.guard.guest(request)
        page = await office.lookups.journeys(clinics=guest.seen, cursor=cursor)
        return office.pages.show(request, "journeys.html", guest=guest, page=page)

    return router
