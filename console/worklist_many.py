"""Many tasks at once, filters kept under a name, and who sees one's tasks while one is away."""

import asyncio
from urllib.parse import parse_qs
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from console.office import Office
from console.sign_in import fields_of
from console.visitors import Visit
from console.worklist import PLACE, asker, seen_by
from console.worklist_acts import local, speaker_of, to, tried, zone_of
from schemas.worklist import Away, HandleMany, SaveFilter
from service.errors import Refused, UnknownWorkflow
from service.worklist_rows import Filters, ItemResult


def room(office: Office) -> APIRouter:
    """What is not about one task."""
    router = APIRouter(prefix=PLACE, include_in_schema=False)
    _many_at_once(router, office)
    _filters(router, office)
    _absences(router, office)
    return router


def _many_at_once(router: APIRouter, office: Office) -> None:
    @router.post("/bulk")
    async def bulk(request: Request) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        return await _many(office, request, guest)


def _filters(router: APIRouter, office: Office) -> None:
    @router.get("/filters")
    async def sizes(request: Request) -> Response:
        guest = await office.guard.guest(request)
        kept, desk, who = await office.handling.filters(asker(guest)), office.worklist, asker(guest)
        counted = await asyncio.gather(
            *(desk.size(who, Filters.of_query(one.query), seen=seen_by(request)) for one in kept)
        )
        return office.pages.show(
            request, "worklist_sizes.html", guest=guest, sizes=zip(kept, counted, strict=True)
        )

    @router.post("/filters")
    async def keep(request: Request) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        fields = await fields_of(request)
        query = Filters.of_query(fields.get("query", "")).query()
        said = {
            "name": fields.get("name"),
            "query": query,
            "shared_with": fields.get("shared_with"),
        }
        try:
            kept = SaveFilter.model_validate({k: v for k, v in said.items() if v is not None})
            kept = kept.model_copy(update={"shared_with": kept.shared_with or None})
            await office.handling.save_filter(kept, asker(guest))
        except (ValidationError, Refused):
            return office.pages.show(request, "unknown.html", 422, guest=guest)
        return to(f"{PLACE}?{query}")

    @router.post("/filters/{filter_id}/forget")
    async def forget(request: Request, filter_id: int) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        try:
            await office.handling.forget_filter(filter_id, asker(guest))
        except UnknownWorkflow:
            return office.pages.show(request, "unknown.html", 404, guest=guest)
        return to(PLACE)


def _absences(router: APIRouter, office: Office) -> None:
    @router.post("/away")
    async def go_away(request: Request) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        fields = await fields_of(request)
        zone = zone_of(office, guest)

        async def done() -> str:
            said = {
                "person": guest.subject,
                "delegate": fields.get("delegate", ""),
                "from_at": local(fields.get("from_at", ""), zone),
                "until_at": local(fields.get("until_at", ""), zone),
            }
            await office.handling.go_away(Away.model_validate(said), asker(guest))
            return office.pages.says(request, "Done.")

        moment = await tried(office, request, done, fields)
        if moment.reasons:
            return office.pages.show(
                request, "worklist_refused.html", moment.status, guest=guest, moment=moment
            )
        return to(PLACE)

    @router.post("/away/{absence_id}/end")
    async def come_back(request: Request, absence_id: int) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        try:
            await office.handling.come_back(absence_id, asker(guest))
        except UnknownWorkflow:
            return office.pages.show(request, "unknown.html", 404, guest=guest)
        return to(PLACE)


async def _many(office: Office, request: Request, guest: Visit) -> Response:
    """Many at once: a look at what would become of each first, then the same for good."""
    said = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    fields = {name: values[0] for name, values in said.items()}
    content = {
        "act": fields.get("act"), "task_ids": said.get("task", []), "preview": "apply" not in said,
        "person": fields.get("person") or None, "reason": fields.get("reason", ""),
    }  # fmt: skip
    results: tuple[ItemResult, ...] = ()

    async def done() -> str:
        nonlocal results
        until = local(fields["until"], zone_of(office, guest)) if fields.get("until") else None
        many = HandleMany.model_validate({**content, "until": until})
        speaker = speaker_of(guest, set())
        key = fields.get("command_id") or uuid4().hex
        results = await office.handling.act_on_many(many, speaker, key, asker(guest))
        return ""

    moment = await tried(office, request, done, fields)
    rows = {one.task_id: await office.worklist.task(one.task_id, asker(guest)) for one in results}
    return office.pages.show(
        request, "worklist_bulk.html", moment.status, guest=guest, moment=moment, results=results,
        rows=rows, fields=fields, query=request.url.query, preview=content["preview"],
        key=uuid4().hex,
    )  # fmt: skip
