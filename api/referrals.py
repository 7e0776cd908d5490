"""Referrals come in: each starts one journey, or finds the one it already started."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import actor, command_id, read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, reception
from api.problems import Problem
from schemas.base import Actor, Reason
from schemas.referral import Referral
from service.errors import NotYetAnswered

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]

UNKNOWN_CLINIC: Final = Reason(code="unknown_clinic", text="there is no clinic of that code")


@router.post("/v1/referrals", status_code=201, openapi_extra=body_of(Referral))
async def refer(request: Request, visitor: Admitted) -> Response:
    """Start the journey of a referral (201), or find the one it already started (200)."""
    content = await read_object(request)
    command_id(request)
    referral = validated(Referral, content)
    return await take_referral(request, visitor, referral, answer)


async def take_referral(
    request: Request,
    visitor: Visitor,
    referral: Referral,
    shown: Callable[[object, int, str], Response],
) -> Response:
    """What every door for referrals does with one. `shown` writes the answer its way."""
    if visitor.clinics is not None and referral.clinic not in visitor.clinics:
        raise Problem(422, UNKNOWN_CLINIC.code, UNKNOWN_CLINIC)
    who: Actor = actor(visitor.identity, visitor.allowed)
    try:
        accepted = await reception(request).commands.refer(referral, who)
    except NotYetAnswered as kept:
        content = {"journey_id": kept.journey_id, "command_id": kept.command_id, "status": "kept"}
        return shown(content, 202, f"/v1/journeys/{kept.journey_id}")
    status = 201 if accepted.created else 200
    return shown(accepted, status, f"/v1/journeys/{accepted.journey_id}")
