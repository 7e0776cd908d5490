"""Links for patients: made by staff, told once, taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import actor, command_id, read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, insist_on_scope, reception
from api.problems import NOT_THERE
from schemas.patient_link import LinkWish

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]


@router.post("/v1/journeys/{journey_id}/links", openapi_extra=body_of(LinkWish))
async def make(request: Request, visitor: Admitted, journey_id: str) -> Response:
    """A link by which the patient does one thing. Its address is in this answer and nowhere else;
    the same key again gives the same link another address, and the old one opens nothing."""
    found = await insist_on_scope(request, visitor, journey_id)
    if found != journey_id:
        raise NOT_THERE
    wish = validated(LinkWish, await read_object(request))
    made = await reception(request).links.make(
        found,
        wish,
        actor(visitor.identity, visitor.allowed),
        command_id(request),
        clinics=visitor.clinics,
    )
    return answer(made, 201)


@router.get("/v1/journeys/{journey_id}/links")
async def of_journey(request: Request, visitor: Admitted, journey_id: str) -> Response:
    """Every link of the journey, the newest first, also those that went with the engine's own
    messages; by its id one is taken back. No address is ever told again."""
    found = await insist_on_scope(request, visitor, journey_id)
    if found != journey_id:
        raise NOT_THERE
    links = await reception(request).links.of_journey(found)
    return answer({"items": links})


@router.delete("/v1/journeys/{journey_id}/links/{link_id}")
async def revoke(request: Request, visitor: Admitted, journey_id: str, link_id: str) -> Response:
    """The link opens nothing any more; safe to send again."""
    found = await insist_on_scope(request, visitor, journey_id)
    speaker = actor(visitor.identity, visitor.allowed)
    await reception(request).links.revoke(found, link_id, speaker)
    return Response(status_code=204)
