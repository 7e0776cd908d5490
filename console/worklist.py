"""The worklist: what is whose and due on the left, one task on the right."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from clinical.approval_rules import OVERRIDES
from console.office import HOME, Office
from console.pages import HEADERS
from console.visitors import Visit
from schemas.approval import TaskStatus
from schemas.base import Role
from schemas.worklist import BulkAct, Priority
from service.commands import wall_clock
from service.lookups import LARGEST_PAGE
from service.rows import VoteRow
from service.worklist_csv import MOST_ROWS, as_csv
from service.worklist_rows import Asker, Due, Filters, Preset, WorklistRow

PLACE: Final = f"{HOME}/worklist"
DECIDED: Final = "journey-decided"
"""What this visit has just decided, until the lists show it: `task id:version`, a few of them."""
PART: Final = "x-part"
"""The page's own script asks for a part; everybody else gets the whole page."""
ROWS: Final = 50
WRITTEN: Final = (
    *("decision", "choice", "reason_code", "reason", "until", "person", "priority", "shown"),
)
"""What a person may have written into a task's forms."""


@dataclass(frozen=True)
class Moment:
    """What a page says beside the task: what was done or refused, and what the person had written.
    `stale`: the task as it was shown, where it changed since."""

    said: str = ""
    reasons: tuple[str, ...] = ()
    kept: Mapping[str, str] | None = None
    stale: "Shown | None" = None
    decided: bool = False
    status: int = 200


NOTHING: Final = Moment()


def room(office: Office) -> APIRouter:
    """The console's home, the page, its parts and its table."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    @router.get("")
    async def home(request: Request) -> Response:
        await office.guard.guest(request)
        return RedirectResponse(PLACE, 303, HEADERS)

    @router.get("/worklist")
    async def everything(request: Request, cursor: str | None = None) -> Response:
        guest = await office.guard.guest(request)
        task_id = request.query_params.get("task")
        return await whole(office, request, guest, task_id=task_id, cursor=cursor)

    @router.get("/worklist/tasks/{task_id}")
    async def task(request: Request, task_id: str) -> Response:
        guest = await office.guard.guest(request)
        return await of_task(office, request, guest, task_id, NOTHING)

    @router.get("/worklist/rows")
    async def rows(request: Request, ids: str = "") -> Response:
        guest = await office.guard.guest(request)
        only = tuple(ids.replace("\0", "").split(",")[:ROWS])
        return await part(office, request, guest, only)

    @router.get("/worklist.csv")
    async def table(request: Request) -> Response:
        guest = await office.guard.guest(request)
        filters, found = Filters.of(request.query_params), list[WorklistRow]()
        cursor: str | None = None
        while len(found) < MOST_ROWS:
            page = await office.worklist.page(
                asker(guest), filters, cursor=cursor, limit=LARGEST_PAGE
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        headers = {**HEADERS, "Content-Disposition": 'attachment; filename="worklist.csv"'}
        return Response(as_csv(found), 200, headers, media_type="text/csv")

    return router


async def whole(
    office: Office,
    request: Request,
    guest: Visit,
    *,
    task_id: str | None = None,
    cursor: str | None = None,
    moment: Moment = NOTHING,
) -> Response:
    """The page with one task open; the first of the list where none is named."""
    who, filters, seen = asker(guest), Filters.of(request.query_params), seen_by(request)
    since = await office.news.moment()
    page, counts, saved, absences = await asyncio.gather(
        office.worklist.page(who, filters, seen=seen, cursor=cursor, limit=ROWS),
        office.worklist.counts(who, seen=seen),
        office.handling.filters(who),
        office.handling.absences(who.person),
    )
    shown = task_id or (page.items[0].task_id if page.items else None)
    facts = await _task_facts(office, who, shown, moment) if shown else {"row": None}
    return office.pages.show(
        request, "worklist.html", moment.status, guest=guest, page=page, counts=counts,
        saved=saved, since=since, moment=moment, absences=absences, chosen=task_id is not None,
        **_words(filters, guest), **facts,
    )  # fmt: skip


async def of_task(
    office: Office, request: Request, guest: Visit, task_id: str, moment: Moment
) -> Response:
    """One task: as a part for the page's script, else the whole page with it open."""
    if PART not in request.headers:
        return await whole(office, request, guest, task_id=task_id, moment=moment)
    return await part(office, request, guest, (task_id,), task_id=task_id, moment=moment)


async def part(
    office: Office,
    request: Request,
    guest: Visit,
    only: tuple[str, ...],
    *,
    task_id: str | None = None,
    moment: Moment = NOTHING,
) -> Response:
    """Some rows as the filters show them now, the counts, and one task if it is asked for."""
    who, filters, seen = asker(guest), Filters.of(request.query_params), seen_by(request)
    page = await office.worklist.page(who, filters, seen=seen, only=only, limit=ROWS)
    facts = await _task_facts(office, who, task_id, moment) if task_id else {"row": None}
    return office.pages.show(
        request, "worklist_part.html", moment.status, guest=guest, page=page, moment=moment,
        counts=await office.worklist.counts(who, seen=seen), with_task=task_id is not None,
        **_words(filters, guest), **facts,
    )  # fmt: skip


def asker(guest: Visit) -> Asker:
    """Who looks."""
    return Asker(guest.subject, frozenset(Role(role) for role in guest.roles), guest.seen)


def seen_by(request: Request) -> dict[str, int]:
    """What this visit has just decided."""
    found = {}
    for one in request.cookies.get(DECIDED, "").split("|"):
        task_id, _, version = one.rpartition(":")
        if task_id and version.isascii() and version.isdigit() and len(version) < 10:
            found[task_id.replace("\0", "")] = int(version)
    return found


class Shown(BaseModel):
    """A task as a person saw it: kept in the form, to be set beside the task as it is later."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    version: int
    status: TaskStatus
    votes: tuple[VoteRow, ...] = ()
    evidence: dict[str, str] = {}


async def _task_facts(
    office: Office, who: Asker, task_id: str, moment: Moment
) -> dict[str, object]:
    row = await office.worklist.task(task_id, who)
    if row is None:
        return {"row": None}
    able = {*row.still_needed, *row.stand_ins} & who.roles
    voted = any(vote.actor.id == who.person for vote in row.votes)
    return {
        "row": row,
        "history": await office.worklist.history(task_id, who),
        "may_decide": row.is_approval and row.closed_at is None and bool(able) and not voted,
        "voted": voted,
        "mine": row.handling.claimed_by == who.person,
        "shown": Shown.model_validate(row.model_dump()).model_dump_json(),
        "kept": {**dict.fromkeys(WRITTEN, ""), **(moment.kept or {})},
        "key": uuid4().hex,
        "declines": office.worklist.decline_reasons(row),
        "overrides": OVERRIDES,
    }


def _words(filters: Filters, guest: Visit) -> dict[str, object]:
    """What every part of the page is written with."""
    return {
        "filters": filters, "presets": tuple(Preset), "priorities": tuple(Priority), "Due": Due,
        "bulk_acts": tuple(BulkAct), "now": wall_clock(), "place": PLACE, "person": guest.subject,
        "roles": tuple(Role),
    }  # fmt: skip
