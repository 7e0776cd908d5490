"""The door for other health records: FHIR R4 referrals in, OperationOutcomes out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from api.bodies import command_id, read_object
from api.doorkeeper import Visitor, admit
from api.outcomes import FHIR_JSON, informational
from api.referrals import take_referral
from schemas.fhir import ReferralResource
from service.fhir_referral import referral_from_fhir

router = APIRouter(prefix="/fhir")
Admitted = Annotated[Visitor, Depends(admit)]
ClinicCode = Annotated[str | None, Query(max_length=100)]


@router.post("/ServiceRequest", status_code=201)
async def service_request(
    request: Request, visitor: Admitted, clinic: ClinicCode = None
) -> Response:
    """A referral as one ServiceRequest, its patient contained or only referred to."""
    return await _take(request, visitor, clinic, ReferralResource.SERVICE_REQUEST)


@router.post("/Bundle", status_code=201)
async def bundle(request: Request, visitor: Admitted, clinic: ClinicCode = None) -> Response:
    """A referral as a Bundle with one ServiceRequest and its Patient."""
    return await _take(request, visitor, clinic, ReferralResource.BUNDLE)


async def _take(
    request: Request, visitor: Visitor, clinic: str | None, kind: ReferralResource
) -> Response:
    content = await read_object(request)
    command_id(request)
    referral = referral_from_fhir(content, clinic, kind)
    return await take_referral(request, visitor, referral, _outcome)


def _outcome(_: object, status: int, location: str) -> Response:
    code = {201: "journey-started", 200: "journey-exists"}.get(status, "referral-kept")
    content = to_json(informational(code, location.rpartition("/")[2]))
    return Response(content, status, {"Location": location}, media_type=FHIR_JSON)
