"""What is new on the worklist, sent to open pages as it happens; after a silence they catch up."""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from console.office import Office
from console.pages import HEADERS
from console.visitors import NotSignedIn, Visit
from console.worklist import PLACE
from service.worklist_news import Told

RETRY_MS = 3_000


def room(office: Office) -> APIRouter:
    """Server-Sent Events: the id of each is where to go on from."""
    router = APIRouter(prefix=PLACE, include_in_schema=False)

    @router.get("/events")
    async def events(request: Request, since: str = "0") -> Response:
        guest = await office.guard.guest(request)
        moment = request.headers.get("last-event-id") or since
        headers = {**HEADERS, "X-Accel-Buffering": "no"}
        told = _told(office, request, guest, moment)
        return StreamingResponse(told, 200, headers, media_type="text/event-stream")

    return router


async def _told(office: Office, request: Request, guest: Visit, moment: str) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async for told in office.news.since(moment, guest.seen):
        if told is not None:
            yield _event(told)
            continue
        # A silence: the line is kept open for as long as the visit lasts.
        try:
            await office.guard.guest(request)
        except NotSignedIn:
            return
        yield ": still here\n\n"


def _event(told: Told) -> str:
    news = {one.task_id: one.what for one in told.news}
    content = json.dumps({"tasks": news, "everything": told.too_much})
    return f"id: {told.upto}\nevent: tasks\ndata: {content}\n\n"
