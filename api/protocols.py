"""A protocol is looked at before anybody is asked to move a journey to it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, reception
from api.problems import NOT_THERE
from api.protocol_change import insist_on_safe_protocol
from schemas.protocol import Protocol

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]


@router.post("/v1/protocols/preview", openapi_extra=body_of(Protocol))
async def preview(
    request: Request,
    visitor: Admitted,
    clinic: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Which open journeys would feel this protocol, and how: now, and in phases they may still
    come to. Read from the record; no journey is asked, none is moved. The way to move one is
    `POST /v1/journeys/{id}/protocol`."""
    protocol = validated(Protocol, await read_object(request))
    insist_on_safe_protocol(protocol)
    clinics = visitor.clinics
    if clinic is not None:
        if clinics is not None and clinic not in clinics:
            raise NOT_THERE
        clinics = frozenset({clinic})
    return answer(await reception(request).protocols.preview(protocol, clinics=clinics))
