"""The door for programs, put together."""

from fastapi import FastAPI, Request
from starlette.responses import Response

from api import (
    clinic_day,
    codec_routes,
    documents,
    feed,
    fhir,
    health,
    journeys,
    patient_links,
    problems,
    protocols,
    referrals,
    reports,
    safety_program,
    spoken,
    stock,
    transfer,
    worklist,
)
from api.middleware import BODY_LIMIT, BodyLimit, Meter, RequestContext
from api.ports import Reception
from api.problems import respond
from records.errors import RecordUnavailable
from runtime.codec import SealingCodec
from schemas.base import Reason
from service.lookups import BadCursorError


def create_app(reception: Reception, codec: SealingCodec) -> FastAPI:
    """The whole API. What it needs is given: it builds nothing and connects to nothing."""
    app = FastAPI(title=documents.TITLE, docs_url=None, redoc_url=None)
    app.state.reception = reception
    app.state.codec = codec_routes.CodecDesk(reception.settings, codec, reception.verifier)
    doors = (
        *(health, referrals, fhir, journeys, spoken, safety_program, clinic_day, stock),
        *(protocols, transfer, worklist, feed, codec_routes, reports),
        *(patient_links,),
    )
    for part in doors:
        app.include_router(part.router)
    problems.install(app)
    app.add_exception_handler(RecordUnavailable, _record_away)
    app.add_exception_handler(BadCursorError, _bad_cursor)
    documents.install(app)
    # The last added is the outermost: context around cross-origin rules around the size limit.
    app.add_middleware(BodyLimit, limit=BODY_LIMIT)
    app.add_middleware(codec_routes.CodecOrigins, origins=reception.settings.codec_origins)
    app.add_middleware(RequestContext, meter=Meter(reception.registry))
    return app


async def _record_away(request: Request, _: Exception) -> Response:
    return respond(request, 503, "record_unavailable", headers={"Retry-After": "5"})


async def _bad_cursor(request: Request, _: Exception) -> Response:
    reason = Reason(code="bad_cursor", text="a cursor is taken from the page before")
    return respond(request, 422, "bad_cursor", [reason])
