"""The outgoing feed: every fact once, in order, as CloudEvents 1.0."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from api.doorkeeper import Visitor, admit, reception
from service.rows import EventRow

router = APIRouter()
BATCH: Final = "application/cloudevents-batch+json"
SOURCE: Final = "/v1/journeys/"
TYPE: Final = "treatment.journey."


@router.get("/v1/events")
async def events(
    request: Request,
    visitor: Annotated[Visitor, Depends(admit)],
    after: Annotated[str | None, Query(max_length=100)] = None,
    clinic: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The next facts after a cursor. `next` in the answer is the cursor to ask with again; ids
    never change, so that a fact received twice is known by its id."""
    page = await reception(request).lookups.events_after(
        after, clinics=visitor.clinics, clinic=clinic, limit=limit
    )
    if BATCH in request.headers.get("accept", ""):
        headers = {"X-Next-Cursor": page.next_cursor or ""}
        content = to_json([cloud_event(row) for row in page.items])
        return Response(content, headers=headers, media_type=BATCH)
    shown = {"events": [cloud_event(row) for row in page.items], "next": page.next_cursor}
    return Response(to_json(shown), media_type="application/json")


def cloud_event(row: EventRow) -> dict[str, object]:
    """One fact as a CloudEvent. `id` is workflow and sequence, unique for ever."""
    return {
        "specversion": "1.0",
        "id": f"{row.workflow_id}/{row.sequence}",
        "source": SOURCE + row.journey_id,
        "type": TYPE + row.kind,
        "subject": row.workflow_id,
        "time": row.recorded_at,
        "datacontenttype": "application/json",
        "clinic": row.clinic,
        "sequence": str(row.sequence),
        "data": {
            "kind": row.kind,
            "at": row.at,
            "actor": {"id": row.actor_id, "role": row.actor_role},
            "command_id": row.command_id,
            "facts": row.data,
        },
    }
