"""The spray's safety programme at the door: a journey's forms, a clinic's certification."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.bodies import actor, command_id, read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, insist_on_scope, reception
from api.problems import NOT_THERE
from schemas.base import RequiredText

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]


class Certification(BaseModel):
    """Whether the site is certified for the spray from now on, and why that changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    certified: bool
    reason: RequiredText


@router.get("/v1/journeys/{journey_id}/monitoring-forms")
async def monitoring_forms(request: Request, visitor: Admitted, journey_id: str) -> Response:
    """The monitoring forms of a journey: owed and sent, each with its digest and receipt."""
    found = await insist_on_scope(request, visitor, journey_id)
    forms = await reception(request).lookups.monitoring_forms(found, clinics=visitor.clinics)
    return answer({"items": forms})


@router.post("/v1/clinics/{clinic}/certification", openapi_extra=body_of(Certification))
async def certification(request: Request, visitor: Admitted, clinic: str) -> Response:
    """Tell every open journey of the clinic; safe to send again with the same key."""
    if not visitor.identity.sees_clinic(clinic):
        raise NOT_THERE
    content = await read_object(request)
    said = validated(Certification, content)
    key = command_id(request)
    speaker = actor(visitor.identity, visitor.allowed)
    certifications = reception(request).certifications
    change = (
        certifications.regain_certification if said.certified else certifications.lose_certification
    )
    return answer(await change(clinic, speaker, said.reason, key))
