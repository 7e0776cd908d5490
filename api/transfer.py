"""The record of a patient who goes on at another clinic."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.doorkeeper import Visitor, admit, answer, insist_on_scope, reception

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]


@router.get("/v1/journeys/{journey_id}/transfer")
async def transfer(request: Request, visitor: Admitted, journey_id: str) -> Response:
    """The referral to send to the clinic that goes on, once `transfer_out` was taken: doses,
    responses, consents and events with their source. Sent twice it starts one journey."""
    found = await insist_on_scope(request, visitor, journey_id)
    return answer(await reception(request).transfers.referral_of(found, clinics=visitor.clinics))
