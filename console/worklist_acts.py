"""What people do on the worklist: claim, give back, hand on, put off, raise, and decide, each with
its answer beside the form and what they had written kept."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from clinical.approval_rules import OVERRIDES
from console.office import Office
from console.pages import HEADERS
from console.recent_sign_in import insist_on_recent_sign_in
from console.sign_in import fields_of
from console.visitors import Visit
from console.worklist import DECIDED, PART, PLACE, Moment, Shown, asker, of_task, seen_by
from records.errors import RecordUnavailable
from schemas.approval import Choice, DecideApproval
from schemas.base import Actor, Reason, Role
from schemas.worklist import (
    AssignTask,
    ClaimTask,
    HandleTask,
    RaisePriority,
    ReleaseTask,
    RemindColleague,
    SnoozeTask,
)
from service.errors import (
    FrontDeskError,
    NotYetAnswered,
    Refused,
    Unavailable,
    UnknownWorkflow,
)
from service.worklist_rows import WorklistRow

ACTS: Final[Mapping[str, type[HandleTask]]] = {
    "claim": ClaimTask,
    "release": ReleaseTask,
    "assign": AssignTask,
    "snooze": SnoozeTask,
    "priority": RaisePriority,
    "remind": RemindColleague,
}
CHANGED: Final = frozenset({"stale", "already_decided"})
REMEMBERED: Final = 20
REMEMBERED_S: Final = 600
AS_SHOWN: Final = "As shown"
"""What an approval without a word of its own says: the version beside it says of what."""


def room(office: Office) -> APIRouter:
    """Everything on the worklist that changes something."""
    router = APIRouter(prefix=PLACE, include_in_schema=False)

    @router.post("/tasks/{task_id}/decision")
    async def decide(request: Request, task_id: str) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        return await _decide(office, request, guest, task_id, await fields_of(request))

    @router.post("/tasks/{task_id}/{act}")
    async def handle(request: Request, task_id: str, act: str) -> Response:
        office.guard.insist_on_own_form(request)
        guest = await office.guard.guest(request)
        fields = await fields_of(request)
        model = ACTS.get(act)
        if model is None:
            return office.pages.show(request, "unknown.html", 404, guest=guest)

        async def done() -> str:
            said = await _said(office, guest, task_id, model, fields)
            await office.handling.act(said, asker(guest))
            return office.pages.says(request, "Done.")

        moment = await tried(office, request, done, fields)
        return await _after(office, request, guest, task_id, moment)

    return router


async def _decide(
    office: Office, request: Request, guest: Visit, task_id: str, fields: Mapping[str, str]
) -> Response:
    row = await office.worklist.task(task_id, asker(guest))
    if row is None:
        return office.pages.show(request, "unknown.html", 404, guest=guest)

    async def done() -> str:
        insist_on_recent_sign_in(office, guest, row.task_id)
        try:
            await office.decisions.decide(_decision(row, guest, fields))
        except NotYetAnswered:
            return office.pages.says(
                request, "Kept. The engine has not answered yet; the list will show when it has."
            )
        return office.pages.says(request, "Decided.")

    moment = await tried(office, request, done, fields)
    if CHANGED & set(_codes(moment)):
        version = int(fields.get("version") or row.version)
        await office.worklist.shown_after(task_id, version, asker(guest))
        moment = Moment(
            said=office.pages.says(request, "It changed while you decided. Nothing was decided."),
            reasons=moment.reasons, kept=fields, stale=_shown(fields), status=409,
        )  # fmt: skip
    elif not moment.reasons:
        return await _decided(office, request, guest, row, moment.said)
    return await of_task(office, request, guest, task_id, moment)


async def _decided(
    office: Office, request: Request, guest: Visit, row: WorklistRow, said: str
) -> Response:
    """The task leaves this visitor's list at once, though the record may be a moment behind."""
    seen = {**seen_by(request), row.task_id: row.version + 1}
    kept = "|".join(f"{name}:{version}" for name, version in list(seen.items())[-REMEMBERED:])
    request.cookies[DECIDED] = kept
    moment = Moment(said=said, decided=True)
    if PART in request.headers:
        answer = await of_task(office, request, guest, row.task_id, moment)
    else:
        answer = to(f"{PLACE}?{request.url.query}")
    answer.set_cookie(
        DECIDED, kept, REMEMBERED_S, path=PLACE, httponly=True, samesite="strict",
        secure=office.settings.console_url.startswith("https://"),
    )  # fmt: skip
    return answer


def _decision(row: WorklistRow, guest: Visit, fields: Mapping[str, str]) -> DecideApproval:
    approves = fields.get("decision") == Choice.APPROVE
    text = fields.get("reason", "").strip()
    code = fields.get("reason_code", "")
    if approves:
        # What sets a rule aside is approved with words of one's own; the schema asks for them.
        if not _sets_aside(row, fields.get("choice", "")):
            text = text or f"{AS_SHOWN} (version {fields.get('version', row.version)})"
    elif not code:
        text = ""  # the form asks for both; the schema refuses a decline without its reason
    content = {
        "command_id": fields.get("command_id", ""),
        "actor": speaker_of(guest, {*row.still_needed, *row.stand_ins}),
        "approval_id": row.task_id,
        "decision": fields.get("decision"),
        "reason": text,
        "reason_code": None if approves else code or None,
        "choice": fields.get("choice") or None if approves else None,
        "expected_version": fields.get("version", row.version),
    }
    return DecideApproval.model_validate(content)


def _sets_aside(row: WorklistRow, choice: str) -> bool:
    """Whether an approval goes past a rule, or past what the decision table proposes."""
    proposal = row.evidence.get("proposal", "")
    return row.kind in OVERRIDES or bool(proposal and choice and choice != proposal)


async def _said(
    office: Office, guest: Visit, task_id: str, model: type[HandleTask], fields: Mapping[str, str]
) -> HandleTask:
    row = await office.worklist.task(task_id, asker(guest))
    zone = ZoneInfo(office.zones[row.clinic]) if row and row.clinic in office.zones else None
    content: dict[str, object] = {
        name: fields[name] for name in model.model_fields if name in fields
    }
    if "until" in content:
        content["until"] = local(fields["until"], zone or zone_of(office, guest))
    roles = {*row.still_needed, *row.stand_ins} if row else set()
    return model.model_validate(
        {**content, "approval_id": task_id, "actor": speaker_of(guest, roles)}
    )


async def tried(
    office: Office,
    request: Request,
    act: Callable[[], Awaitable[str]],
    fields: Mapping[str, str],
) -> Moment:
    """What became of an act, in words; what was written is kept where it was refused."""
    try:
        return Moment(said=await act())
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
        said = office.pages.says(request, "Something is missing or cannot be read:")
        reasons = tuple(Reason(code="missing", text=place) for place in places)
        return Moment(said, _sentences(reasons), fields, status=422)
    except UnknownWorkflow:
        said = office.pages.says(request, "There is no such task, or it is not yours to see.")
        return Moment(said, ("unknown",), fields, status=404)
    except Refused as refused:
        said = office.pages.says(request, "Refused. Nothing changed.")
        return Moment(said, _sentences(refused.reasons), fields, status=409)
    except (Unavailable, RecordUnavailable, FrontDeskError):
        said = office.pages.says(request, "Not to be reached just now. Please send it again.")
        return Moment(said, ("unavailable",), fields, status=503)


async def _after(
    office: Office, request: Request, guest: Visit, task_id: str, moment: Moment
) -> Response:
    if PART in request.headers or moment.reasons:
        return await of_task(office, request, guest, task_id, moment)
    query = request.url.query
    return to(f"{PLACE}/tasks/{quote(task_id, safe='~')}" + (f"?{query}" if query else ""))


def speaker_of(guest: Visit, wanted: set[Role]) -> Actor:
    """The visitor, in the role that the task waits on if it is one of theirs."""
    own = [Role(role) for role in guest.roles]
    role = next((role for role in own if role in wanted), own[0])
    return Actor(id=guest.subject, role=role)


def local(written: str, zone: ZoneInfo) -> datetime | str:
    """A moment as the clinic's clock shows it; what is none is left for the schema to refuse."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def zone_of(office: Office, guest: Visit) -> ZoneInfo:
    own = sorted(guest.seen if guest.seen is not None else office.zones)
    return ZoneInfo(next((office.zones[code] for code in own if code in office.zones), "UTC"))


def _sentences(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    return tuple(f"{reason.code}: {reason.text}" for reason in reasons)


def _codes(moment: Moment) -> list[str]:
    return [reason.partition(":")[0] for reason in moment.reasons]


def _shown(fields: Mapping[str, str]) -> Shown | None:
    """What the form says the person saw; None where it does not say."""
    try:
        return Shown.model_validate_json(fields.get("shown", ""))
    except ValidationError:
        return None


def to(place: str) -> Response:
    return RedirectResponse(place.rstrip("?"), 303, HEADERS)
