"""The reevaluation packet: what there is to decide on, and the decision that freezes it."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from console.charts import score_panels
from console.office import HOME, Office
from console.pages import HEADERS
from console.recent_sign_in import insist_on_recent_sign_in
from console.sign_in import fields_of
from console.visitors import Visit
from schemas.base import Actor, Reason
from service.commands import wall_clock
from service.errors import FrontDeskError, NotYetAnswered, Refused
from service.packet import Decided, Packet

UNREADABLE: Final = Reason(
    code="form_unreadable", text="choose a way on and say why, in at most 2000 characters"
)
NOT_YOURS: Final = Reason(code="wrong_role", text="another role decides this")
LATER: Final = "later"
AWAY: Final = "away"
REFUSED: Final = "refused"


class Tried(NamedTuple):
    """What came of a form that was sent: in words, with what the person had written."""

    status: int = 200
    trouble: str | None = None
    reasons: tuple[Reason, ...] = ()
    kept: Mapping[str, str] = {}


NOTHING_TRIED: Final = Tried()


def room(office: Office) -> APIRouter:
    """The packet of a journey's reevaluation, and the form beneath it."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("/journeys/{journey_id}/packet")
    async def shown(request: Request, journey_id: str) -> Response:
        guest = await office.guard.guest(request)
        packet = await office.packets.packet(journey_id, clinics=guest.seen)
        return _page(office, request, guest, packet)

    @router.post("/journeys/{journey_id}/packet")
    async def decide(request: Request, journey_id: str) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        fields = await fields_of(request)
        packet = await office.packets.packet(journey_id, clinics=guest.seen)
        if packet is None:
            return _page(office, request, guest, packet)
        try:
            said, actor = _said(fields), _actor(guest, packet)
            insist_on_recent_sign_in(office, guest, said.task_id)
            await office.packets.decide(journey_id, said, actor, clinics=guest.seen)
        except Refused as refused:
            tried = Tried(409, REFUSED, refused.reasons, fields)
        except NotYetAnswered:
            tried = Tried(202, LATER, (), fields)
        except FrontDeskError:
            tried = Tried(503, AWAY, (), fields)
        else:
            return RedirectResponse(f"{HOME}/journeys/{journey_id}/packet", 303, HEADERS)
        packet = await office.packets.packet(journey_id, clinics=guest.seen)
        return _page(office, request, guest, packet, tried)

    return router


def _page(
    office: Office,
    request: Request,
    guest: Visit,
    packet: Packet | None,
    tried: Tried = NOTHING_TRIED,
) -> Response:
    if packet is None:
        return office.pages.show(request, "unknown.html", 404, guest=guest)
    zone = office.zones.get(packet.journey.clinic, "UTC")
    return office.pages.show(
        request,
        "packet.html",
        tried.status,
        guest=guest,
        packet=packet,
        panels=score_panels(packet.scores, packet.sessions, packet.carried, packet.remission, zone),
        may=packet.roles_that_may(guest.roles),
        command_id=f"console-{uuid4().hex}",
        now=wall_clock(),
        trouble=tried.trouble,
        reasons=tried.reasons,
        kept=tried.kept,
    )


def _said(fields: dict[str, str]) -> Decided:
    """What the form says. Raises `Refused` where it cannot be read."""
    try:
        return Decided.model_validate({name: fields.get(name) for name in Decided.model_fields})
    except ValidationError:
        raise Refused(UNREADABLE) from None


def _actor(guest: Visit, packet: Packet) -> Actor:
    """Who decides, in a role of theirs that this task waits for. Raises `Refused`. A packet that
    waits no more is the service's to refuse, with what has changed."""
    may = packet.roles_that_may(guest.roles)
    if packet.waits and not may:
        raise Refused(NOT_YOURS)
    role = may[0] if may else next(iter(guest.roles))
    return Actor.model_validate({"id": guest.subject, "role": role})
