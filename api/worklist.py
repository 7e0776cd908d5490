"""The worklist's door: what is whose and due, and how work is divided. Decisions are made by
`POST /v1/approvals/{id}/decision` alone, one by one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import actor, command_id, read_command, read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, insist_on_asker, reception
from api.policy import HANDLING
from api.problems import NOT_THERE, Problem
from schemas.base import Reason, Role
from schemas.worklist import Away, HandleMany, HandleTask, Priority, SaveFilter
from service.intake import workflow_of_task
from service.lookups import LARGEST_PAGE
from service.worklist_csv import MOST_ROWS, as_csv
from service.worklist_rows import Asker, Filters, Preset, WorklistRow

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Code = Annotated[str | None, Query(max_length=200)]
Seen = Annotated[
    list[str],
    Query(
        max_length=100,
        description="`task id:version`: left out until the record shows that version; after a "
        "decision the version it named and one more.",
    ),
]
Handler = Callable[..., Awaitable[Response]]


def filters(  # noqa: PLR0917 - query parameters, named at every call
    preset: Preset = Preset.MY_ROLES,
    clinic: Code = None,
    role: Role | None = None,
    kind: Code = None,
    journey: Code = None,
    text: Code = None,
    assignee: Code = None,
    priority: Priority | None = None,
    snoozed: bool = False,
) -> Filters:
    """What is asked for; the same words as in the console's address."""
    return Filters(
        preset=preset, clinic=clinic, role=role, kind=kind, journey=journey, text=text,
        assignee=assignee, priority=priority, snoozed=snoozed,
    )  # fmt: skip


Asked = Annotated[Filters, Depends(filters)]


@router.get("/v1/worklist")
async def worklist(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    asked: Asked,
    min_version: Seen = [],  # noqa: B006 - read only
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What waits on people by deadline, and how many of every preset."""
    seen = _seen(min_version)
    who = _asker(visitor)
    desk = reception(request).worklist
    page, counts = await asyncio.gather(
        desk.page(who, asked, seen=seen, cursor=cursor, limit=limit), desk.counts(who, seen=seen)
    )
    return answer(
        {
            "items": page.items,
            "next_cursor": page.next_cursor,
            "counts": counts,
            "preset": asked.preset,
        }
    )


@router.get("/v1/worklist.csv")
async def worklist_csv(request: Request, visitor: Admitted, asked: Asked) -> Response:
    """The same as a table for a spreadsheet; no cell can become a formula."""
    desk, who = reception(request).worklist, _asker(visitor)
    rows: list[WorklistRow] = []
    cursor: str | None = None
    while len(rows) < MOST_ROWS:
        page = await desk.page(who, asked, cursor=cursor, limit=LARGEST_PAGE)
        rows += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    headers = {"Content-Disposition": 'attachment; filename="worklist.csv"'}
    return Response(as_csv(rows), 200, headers, media_type="text/csv")


@router.post("/v1/worklist:bulk", openapi_extra=body_of(HandleMany))
async def bulk(request: Request, visitor: Admitted) -> Response:
    """Assign, snooze or remind many tasks, with a result for each; never a decision."""
    said = validated(HandleMany, await read_object(request))
    key = command_id(request)
    speaker = actor(visitor.identity, visitor.allowed)
    many = reception(request).handling.act_on_many
    return answer({"items": await many(said, speaker, key, _asker(visitor))})


@router.get("/v1/worklist/filters")
async def saved_filters(request: Request, visitor: Admitted) -> Response:
    """One's own saved filters and those shared with one's clinics."""
    return answer({"items": await reception(request).handling.filters(_asker(visitor))})


@router.post("/v1/worklist/filters", openapi_extra=body_of(SaveFilter))
async def save_filter(request: Request, visitor: Admitted) -> Response:
    """Keep a filter under a name; the same name again says it anew."""
    said = validated(SaveFilter, await read_object(request))
    return answer(await reception(request).handling.save_filter(said, _asker(visitor)), 201)


@router.delete("/v1/worklist/filters/{filter_id}")
async def forget_filter(request: Request, visitor: Admitted, filter_id: int) -> Response:
    """Forget one of one's own filters."""
    await reception(request).handling.forget_filter(filter_id, _asker(visitor))
    return Response(status_code=204)


@router.get("/v1/absences")
async def absences(request: Request, visitor: Admitted) -> Response:
    """One's own absences that are not over, and those in which one stands in."""
    found = await reception(request).handling.absences(visitor.identity.subject)
    return answer({"items": found})


@router.post("/v1/absences", openapi_extra=body_of(Away))
async def go_away(request: Request, visitor: Admitted) -> Response:
    """Say who is away and who sees their tasks meanwhile; nobody gains a role by it."""
    said = validated(Away, await read_object(request))
    return answer(await reception(request).handling.go_away(said, _asker(visitor)), 201)


@router.delete("/v1/absences/{absence_id}")
async def come_back(request: Request, visitor: Admitted, absence_id: int) -> Response:
    """Take an absence back."""
    await reception(request).handling.come_back(absence_id, _asker(visitor))
    return Response(status_code=204)


def _handling(model: type[HandleTask]) -> Handler:
    async def handle(request: Request, visitor: Admitted, approval_id: str) -> Response:
        workflow_id = workflow_of_task(approval_id)
        if workflow_id is None:
            raise NOT_THERE
        await insist_on_asker(request, visitor, workflow_id)
        said = await read_command(
            request, model, visitor.identity, visitor.allowed, approval_id=approval_id
        )
        done = await reception(request).handling.act(_as_seen(request, said), _asker(visitor))
        found = answer(done)
        found.headers["ETag"] = f'"{done.version}"'
        return found

    handle.__doc__ = model.__doc__
    return handle


def _as_seen(request: Request, said: HandleTask) -> HandleTask:
    """With the version of `If-Match`, where the content names none."""
    tag = request.headers.get("if-match")
    if tag is None or tag.strip() == "*":
        return said
    number = tag.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Problem(400, "if_match", Reason(code="if_match", text='a version, as in "3"'))
    if said.expected_version not in (None, int(number)):
        raise Problem(400, "contradiction", Reason(code="contradiction", text="If-Match"))
    return said.model_copy(update={"expected_version": int(number)})


def _asker(visitor: Visitor) -> Asker:
    return Asker(visitor.identity.subject, visitor.identity.roles, visitor.clinics)


def _seen(said: list[str]) -> dict[str, int]:
    found = {}
    for one in said:
        task_id, _, version = one.rpartition(":")
        if not (task_id and version.isascii() and version.isdigit() and len(version) < 10):
            reason = Reason(code="malformed", text="task id:version", fact="min_version")
            raise Problem(422, "malformed", reason)
        found[task_id.replace("\0", "")] = int(version)
    return found


for _path, _model in HANDLING.items():
    router.post(
        f"/v1/approvals/{{approval_id}}/{_path}", name=_path, openapi_extra=body_of(_model)
    )(_handling(_model))
