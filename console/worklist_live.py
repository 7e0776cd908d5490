"""What is new on the worklist, sent to open pages as it happens; after a silence they catch up."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from time import monotonic

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from console.office import Office
from console.pages import HEADERS
from console.visitors import NotSignedIn
from console.worklist import PLACE
from service.worklist_news import Told

RETRY_MS = 3_000


def room(office: Office) -> APIRouter:
    """Server-Sent Events: the id of each is where to go on from."""
    router = APIRouter(prefix=PLACE, include_in_schema=False)

    @router.get("/events")
    async def events(request: Request, since: str = "0") -> Response:
        await office.guard.guest(request)
        moment = request.headers.get("last-event-id") or since
        headers = {**HEADERS, "X-Accel-Buffering": "no"}
        told = _told(office, request, moment)
        return StreamingResponse(told, 200, headers, media_type="text/event-stream")

    return router


class _Listener:
    """Whoever keeps a page open. Their visit is looked at again from time to time, however much
    there is to tell: a token runs out and a clinic is lost while they listen."""

    def __init__(self, office: Office, request: Request) -> None:
        self._office = office
        self._request = request
        self._clinics: frozenset[str] | None = frozenset()
        self._ask_at = 0.0

    async def clinics(self) -> frozenset[str] | None:
        """What they may see now. Raises `NotSignedIn`."""
        if monotonic() >= self._ask_at:
            self._clinics = (await self._office.guard.guest(self._request)).seen
            self._ask_at = monotonic() + self._office.ask_again_s
        return self._clinics


async def _told(office: Office, request: Request, moment: str) -> AsyncIterator[str]:
    listener = _Listener(office, request)
    news = office.news.since(moment, listener.clinics, office.ask_again_s)
    async with aclosing(news):
        with suppress(NotSignedIn):
            await listener.clinics()
            yield f"retry: {RETRY_MS}\n\n"
            async for told in news:
                yield _event(told) if told.says_something else f": still here\nid: {told.upto}\n\n"


def _event(told: Told) -> str:
    news = {one.task_id: one.what for one in told.news}
    content = json.dumps({"tasks": news, "everything": told.too_much})
    return f"id: {told.upto}\nevent: tasks\ndata: {content}\n\n"
