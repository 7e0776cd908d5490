"""The bedside screen: one patient's treatment day, what is due, and every command of the chair.

The engine judges everything; this page only shows its answers and carries what people say.
"""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from console.bedside_answers import Answer, answer_of
from console.bedside_fields import DOWNTIME, FORMS, START
from console.bedside_forms import Incomplete, Said, command_of, may, new_key, said_in, speaker
from console.bedside_readings import Reading, Unreadable
from console.field import Field, Form, limits
from console.office import HOME, Office
from console.pages import HEADERS
from console.visitors import NotSignedIn, Visit
from schemas.screening import Modality
from service.commands import wall_clock
from service.treatment_day import TreatmentDay, TreatmentDays

LOOKS_AGAIN_S: Final = 5
NOTHING_SAID: Final[Said] = {}


def room(office: Office) -> APIRouter:
    """The screen, the part of it that looks again by itself, its forms, and readings as JSON."""
    router = APIRouter(prefix=f"{HOME}/sessions", include_in_schema=False)
    bedside = Bedside(office)

    @router.get("/{session_id}")
    async def page(request: Request, session_id: str) -> Response:
        return await bedside.show(request, session_id, "bedside.html")

    @router.get("/{session_id}/live")
    async def live(request: Request, session_id: str) -> Response:
        return await bedside.show(request, session_id, "bedside_live.html")

    @router.get("/{session_id}/parts")
    async def parts(request: Request, session_id: str) -> Response:
        return await bedside.show(request, session_id, "bedside_parts.html")

    @router.post("/{session_id}/readings")
    async def readings(request: Request, session_id: str) -> Response:
        return await bedside.take_reading(request, session_id)

    @router.post("/{session_id}/{name}")
    async def told(request: Request, session_id: str, name: str) -> Response:
        return await bedside.take(request, session_id, name)

    return router


class Bedside:
    """What the screen does."""

    def __init__(self, office: Office) -> None:
        self._office = office

    @property
    def _days(self) -> TreatmentDays:
        return TreatmentDays(self._office.lookups, self._office.commands)

    async def show(self, request: Request, session_id: str, template: str) -> Response:
        """The day as it stands."""
        guest = await self._office.guard.guest(request)
        day = await self._days.of(session_id, now=wall_clock(), clinics=guest.seen)
        if day is None:
            return self._office.pages.show(request, "unknown.html", 404, guest=guest)
        return self._shown(request, template, guest, day)

    async def take(self, request: Request, session_id: str, name: str) -> Response:
        """One form of the screen."""
        office = self._office
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        day = await self._days.of(session_id, now=wall_clock(), clinics=guest.seen)
        form = FORMS.get(name)
        if day is None or form is None:
            return office.pages.show(request, "unknown.html", 404, guest=guest)
        said = await said_in(request)
        answer = await self._answered(name, form, said, guest, day)
        again = await self._days.of(session_id, now=wall_clock(), clinics=guest.seen)
        template = "bedside_parts.html" if "hx-request" in request.headers else "bedside.html"
        kept = NOTHING_SAID if answer.taken else said
        return self._shown(request, template, guest, again or day, answer=answer, said=kept)

    async def take_reading(self, request: Request, session_id: str) -> Response:
        """One reading of the screen's own list, with the device's time and its key. The answer is
        JSON: what became of it, and the same in words as a part of the page."""
        office = self._office
        office.guard.insist_on_own_form(request)
        try:
            guest = await office.guard.guest(request)
        except NotSignedIn:
            return JSONResponse({"status": "signed_out"}, 401, HEADERS)
        day = await self._days.of(session_id, now=wall_clock(), clinics=guest.seen)
        try:
            reading = Reading.parse(await request.body())
        except Unreadable:
            return JSONResponse({"status": "refused"}, 400, HEADERS)
        if day is None:
            return JSONResponse({"status": "refused"}, 404, HEADERS)
        if day.view is None and day.journey.training:
            answer = Answer.unavailable("vitals")  # how far a training clock stands is not known
        else:
            answer = await self._reading_answered(reading, guest, day)
        text = office.pages.text(request, "bedside_answer.html", answer=answer, **_words(day))
        content = {"status": answer.status, "answer": text}
        return JSONResponse(content, answer.http_status, HEADERS)

    async def _reading_answered(self, reading: Reading, guest: Visit, day: TreatmentDay) -> Answer:
        form = FORMS["vitals"]
        try:
            command = command_of(
                form,
                reading.said,
                actor=speaker(guest, form.kind),
                modality=modality_of(day),
                zone=self._office.zones.get(day.row.clinic),
                taken_at=reading.taken_at_clinical(day.now),
            )
        except Incomplete as incomplete:
            return Answer.incomplete("vitals", incomplete.problems)
        sent = self._office.commands.send_to_session(day.row.session_id, form.kind, command)
        return await answer_of("vitals", sent)

    async def _answered(
        self, name: str, form: Form, said: Said, guest: Visit, day: TreatmentDay
    ) -> Answer:
        try:
            command = command_of(
                form,
                said,
                actor=speaker(guest, form.kind),
                modality=modality_of(day),
                zone=self._office.zones.get(day.row.clinic),
                more=_asked_besides(form, said),
            )
        except Incomplete as incomplete:
            return Answer.incomplete(name, incomplete.problems)
        sent = self._office.commands.send_to_session(day.row.session_id, form.kind, command)
        return await answer_of(name, sent)

    def _shown(
        self,
        request: Request,
        template: str,
        guest: Visit,
        day: TreatmentDay,
        *,
        answer: Answer | None = None,
        said: Said = NOTHING_SAID,
    ) -> Response:
        return self._office.pages.show(
            request,
            template,
            answer.http_status if answer else 200,
            guest=guest,
            answer=answer,
            said=said,
            refused_form=answer.name if answer and not answer.taken else "",
            forms=FORMS,
            downtime=DOWNTIME,
            may=lambda kind: may(guest, kind),
            limits=limits,
            key=new_key,
            looks_again_s=LOOKS_AGAIN_S,
            oob=template == "bedside_live.html",
            **_words(day),
        )


def modality_of(day: TreatmentDay) -> Modality | None:
    """Infusion or spray; None for the moment in which the record does not know it yet."""
    if day.view is not None:
        return day.view.modality
    return Modality(day.row.modality) if day.row.modality else None


def _words(day: TreatmentDay) -> dict[str, object]:
    return {"day": day, "view": day.view, "clinic": day.row.clinic, "modality": modality_of(day)}


def _asked_besides(form: Form, said: Said) -> tuple[Field, ...]:
    """A start by the paper procedure is asked more: its form, a second signature, a reason."""
    on_paper = any(value.strip() for value in said.get("downtime.form", ()))
    return DOWNTIME if form is START and on_paper else ()
