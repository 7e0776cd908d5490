"""Coming in and going out, and how the visitor wants pages to look and read."""

from functools import partial
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console import languages
from console.office import HOME, Office
from console.pages import HEADERS, THEME_COOKIE, THEMES
from console.visitors import COOKIE, Visit
from service.commands import wall_clock

LONGEST_VISIT_S: Final = 8 * 3_600
ENDS: Final = f"{COOKIE}-ends"
"""When the visit ends, in seconds since 1970, and nothing else: what the page's script warns by."""
ENDED_SHOWN_S: Final = 3_600
"""So long after its end a page still says that the visit has ended."""
A_YEAR_S: Final = 365 * 86_400


def room(office: Office) -> APIRouter:
    """Sign in with a token of the API; sign out; language and theme."""
    router = APIRouter(prefix=HOME, include_in_schema=False)

    def secure() -> bool:
        return office.settings.console_url.startswith("https://")

    @router.get("/sign-in")
    async def form(request: Request) -> Response:
        return office.pages.show(request, "sign_in.html", failed=False)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        office.guard.insist_on_own_form(request)
        token = (await fields_of(request)).get("token", "").strip()
        visit = await office.guard.guest_of(token)
        if visit is None:
            return office.pages.show(request, "sign_in.html", 401, failed=True)
        answer = RedirectResponse(HOME, 303, HEADERS)
        _begin(answer, token, _lasts_s(visit), secure=secure())
        return answer

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        office.guard.insist_on_own_form(request)
        answer = RedirectResponse("/console/sign-in", 303, HEADERS)
        answer.delete_cookie(COOKIE, path="/console", httponly=True, secure=secure())
        answer.delete_cookie(ENDS, path="/console", secure=secure())
        return answer

    @router.post("/look")
    async def look(request: Request) -> Response:
        office.guard.insist_on_own_form(request)
        fields = await fields_of(request)
        answer = RedirectResponse(_back(fields.get("back", "")), 303, HEADERS)
        for cookie, chosen, known in (
            (languages.COOKIE, fields.get("language"), languages.LANGUAGES),
            (THEME_COOKIE, fields.get("theme"), THEMES),
        ):
            if chosen in known:
                answer.set_cookie(
                    cookie, chosen or "", A_YEAR_S, path="/console", secure=secure(), samesite="lax"
                )
        return answer

    return router


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form, the first of each name."""
    said = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in said.items()}


def _begin(answer: Response, token: str, lasts_s: int, *, secure: bool) -> None:
    """The visit begins: its token, which no script reads, and its end, which the page's script
    warns of."""
    keep = partial(answer.set_cookie, path="/console", secure=secure, samesite="strict")
    keep(COOKIE, token, max_age=lasts_s, httponly=True)
    ends = int(wall_clock().timestamp()) + lasts_s
    keep(ENDS, str(ends), max_age=lasts_s + ENDED_SHOWN_S)


def _lasts_s(visit: Visit) -> int:
    """How long a visit lasts: as long as its token, and no longer than a working day."""
    if visit.ends_at is None:
        return LONGEST_VISIT_S
    left = int((visit.ends_at - wall_clock()).total_seconds())
    return max(1, min(LONGEST_VISIT_S, left))


def _back(path: str) -> str:
    """Where the visitor came from, if that is a page of ours."""
    parts = urlsplit(path)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith(HOME)
    return path if ours and "\\" not in path else HOME
