"""The door for people, for now read-only: which journeys there are, where one stands and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from console.visitors import COOKIE, Guard, Guest, NotSignedIn
from runtime.settings import Settings
from service.commands import wall_clock
from service.rows import EventRow, JourneyRow, Page, TaskRow

FOLDER: Final = Path(__file__).parent
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
LONGEST_VISIT_S: Final = 8 * 3_600


class VerifierPort(Protocol):
    """`api.auth.Verifier`, by shape: the two doors are siblings."""

    async def verify(self, authorization: str | None) -> Guest: ...


class LookupsPort(Protocol):
    """`service.lookups.Lookups`, the part of it that the pages use."""

    async def journeys(
        self, *, clinics: frozenset[str] | None, cursor: str | None = None
    ) -> Page[JourneyRow]: ...
    async def journey(
        self, journey_id: str, *, clinics: frozenset[str] | None
    ) -> JourneyRow | None: ...
    async def tasks(
        self, *, clinics: frozenset[str] | None, now: datetime, journey: str, limit: int
    ) -> Page[TaskRow]: ...
    async def timeline(
        self, journey_id: str, *, clinics: frozenset[str] | None, after: str | None, limit: int
    ) -> Page[EventRow]: ...


def attach_console(
    app: FastAPI, settings: Settings, verifier: VerifierPort, lookups: LookupsPort
) -> None:
    """Add the console's pages to the program."""
    pages = Pages(settings)
    guard = Guard(verifier.verify)
    router = APIRouter(prefix="/console", include_in_schema=False)
    _add_sign_in(router, pages, guard, secure=settings.console_url.startswith("https://"))
    _add_journeys(router, pages, guard, lookups)
    app.include_router(router)
    app.mount("/console/static", StaticFiles(directory=FOLDER / "static"), name="console-static")

    @app.exception_handler(NotSignedIn)
    async def to_sign_in(_: Request, __: Exception) -> Response:
        return RedirectResponse("/console/sign-in", 303, HEADERS)


def moment(at: datetime | None) -> str:
    """A moment as a person reads it, in UTC and said so."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "-"


def place(workflow_id: str) -> str:
    """Where something happened: in the journey, or on which treatment day."""
    for word in ("infusion", "spray"):
        _, found, number = workflow_id.partition(f"-{word}-")
        if found:
            return f"{word} {number}"
    return "journey"


class Pages:
    """Renders templates; whatever a patient or a record says is escaped."""

    def __init__(self, settings: Settings) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
        )
        self._environment.filters["moment"] = moment
        self._environment.filters["place"] = place
        self._shared = {
            "training_deployment": settings.training,
            "temporal_ui": settings.temporal_ui_url,
            "namespace": settings.temporal_namespace,
        }

    def show(self, template: str, status: int = 200, **facts: object) -> Response:
        """One page."""
        content = self._environment.get_template(template).render(**self._shared, **facts)
        return Response(content, status, HEADERS, media_type="text/html")


def _add_sign_in(router: APIRouter, pages: Pages, guard: Guard, *, secure: bool) -> None:
    @router.get("/sign-in")
    async def form() -> Response:
        return pages.show("sign_in.html", failed=False, guest=None)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        guard.insist_on_own_form(request)
        fields = parse_qs((await request.body()).decode(errors="replace"))
        token = "".join(fields.get("token", [])).strip()
        if await guard.guest_of(token) is None:
            return pages.show("sign_in.html", 401, failed=True, guest=None)
        answer = RedirectResponse("/console", 303, HEADERS)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=LONGEST_VISIT_S,
            path="/console",
            httponly=True,
            secure=secure,
            samesite="strict",
        )
        return answer

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        guard.insist_on_own_form(request)
        answer = RedirectResponse("/console/sign-in", 303, HEADERS)
        answer.delete_cookie(COOKIE, path="/console", httponly=True, secure=secure)
        return answer


def _add_journeys(router: APIRouter, pages: Pages, guard: Guard, lookups: LookupsPort) -> None:
    @router.get("")
    async def worklist(request: Request, cursor: str | None = None) -> Response:
        guest = await guard.guest(request)
        page = await lookups.journeys(clinics=guest.seen, cursor=cursor)
        return pages.show("journeys.html", guest=guest, page=page)

    @router.get("/journeys/{journey_id}")
    async def one(request: Request, journey_id: str, cursor: str | None = None) -> Response:
        guest = await guard.guest(request)
        row = await lookups.journey(journey_id, clinics=guest.seen)
        if row is None:
            return pages.show("unknown.html", 404, guest=guest)
        tasks = await lookups.tasks(
            clinics=guest.seen, now=wall_clock(), journey=journey_id, limit=200
        )
        events = await lookups.timeline(journey_id, clinics=guest.seen, after=cursor, limit=200)
        return pages.show(
            "journey.html", guest=guest, journey=row, tasks=tasks.items, events=events
        )
