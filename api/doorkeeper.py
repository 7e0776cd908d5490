"""Who may come in: the token, then the role for the route, then whose journey it is."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from api.identity import EVERY_CLINIC, Identity
from api.policy import OPEN, POLICY
from api.ports import Clinics, Reception
from api.problems import NOT_THERE, Problem
from schemas.base import Reason, Role
from service.intake import clinic_of_cabinet, journey_of


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody whose token and role let them through this route's door."""

    identity: Identity
    allowed: frozenset[Role]

    @property
    def clinics(self) -> Clinics:
        """The clinics that they may see; None for all."""
        everywhere = EVERY_CLINIC in self.identity.clinics
        return None if everywhere else self.identity.clinics

    @property
    def only_as_patient(self) -> bool:
        """Whether here they speak as a patient, who has one journey and no other."""
        return self.identity.bound(self.identity.roles & self.allowed)


def reception(request: Request) -> Reception:
    """What this app was built with."""
    return cast("Reception", request.app.state.reception)


async def admit(request: Request) -> Visitor:
    """Let through whoever the policy table lets through. Raises 401 or 403."""
    identity = await reception(request).verifier.verify(request.headers.get("authorization"))
    allowed = POLICY.get((request.method, request.scope["route"].path), OPEN)
    if not identity.roles & allowed:
        wanted = ", ".join(sorted(role.value for role in allowed))
        raise Problem(403, "wrong_role", Reason(code="wrong_role", text=f"done by: {wanted}"))
    return Visitor(identity, allowed)


async def insist_on_scope(request: Request, visitor: Visitor, workflow_id: str) -> str:
    """The journey of a workflow id, if it is this visitor's to see. Raises the one 404."""
    journey = journey_of(workflow_id)
    if journey is None:
        raise NOT_THERE
    if visitor.only_as_patient and visitor.identity.journey != journey:
        raise NOT_THERE
    if visitor.clinics is None:
        return journey
    front = reception(request)
    row = await front.lookups.journey(journey, clinics=None)
    # The record may be a moment behind a journey that has just begun; the engine knows it.
    clinic = row.clinic if row else await front.commands.clinic_of(journey)
    if clinic is None or clinic not in visitor.clinics:
        raise NOT_THERE
    return journey


async def insist_on_asker(request: Request, visitor: Visitor, workflow_id: str) -> str:
    """The same for whatever asked for a task or took a command: a drug cabinet is its clinic's."""
    clinic = clinic_of_cabinet(workflow_id)
    if clinic is None:
        return await insist_on_scope(request, visitor, workflow_id)
    if visitor.only_as_patient or not visitor.identity.sees_clinic(clinic):
        raise NOT_THERE
    return workflow_id


def answer(value: object, status: int = 200, location: str | None = None) -> Response:
    """A value as JSON."""
    headers = {"Location": location} if location else None
    return Response(to_json(value), status, headers, media_type="application/json")
