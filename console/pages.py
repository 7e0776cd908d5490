"""How every page is made: templates in the visitor's language, the clinic's time, their theme.

Whatever a patient or a record says is escaped; scripts come from our own files alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import Response

from console import moments
from console.languages import LANGUAGES, language_of, locale_of, translations
from console.words import in_words, place
from runtime.settings import Settings
from service.fact_words import SCALE_NAMES

FOLDER: Final = Path(__file__).parent
TEMPLATES: Final = FOLDER / "templates"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "journey-theme"


@dataclass(frozen=True)
class Look:
    """How one visitor's pages look."""

    language: str
    theme: str

    @classmethod
    def of(cls, request: Request) -> "Look":
        """By their cookies; by their browser where they chose nothing."""
        theme = request.cookies.get(THEME_COOKIE, "")
        return cls(language_of(request), theme if theme in THEMES else THEMES[0])


class Pages:
    """Renders templates. `zones`: clinic code -> IANA time zone."""

    def __init__(self, settings: Settings, zones: Mapping[str, str]) -> None:
        self._zones = zones
        self._catalogs = {code: translations(code) for code in LANGUAGES}
        self._environments = {code: self._environment(code) for code in LANGUAGES}
        self._shared: dict[str, object] = {
            "training_deployment": settings.training,
            "temporal_ui": settings.temporal_ui_url,
            "namespace": settings.temporal_namespace,
            "languages": LANGUAGES,
            "themes": THEMES,
        }

    def show(self, request: Request, template: str, status: int = 200, **facts: object) -> Response:
        """One page, or the part of one that `template` is. `guest` defaults to nobody, `look` to
        what the visitor chose."""
        content = self.text(request, template, **facts)
        return Response(content, status, HEADERS, media_type="text/html")

    def text(self, request: Request, template: str, **facts: object) -> str:
        """The same as text, for a part that travels otherwise."""
        given = facts.get("look")
        look = given if isinstance(given, Look) else Look.of(request)
        return (
            self._environments[look.language]
            .get_template(template)
            .render(
                **{**self._shared, "guest": None, "look": look, "path": request.url.path, **facts}
            )
        )

    def says(self, request: Request, message: str, **values: object) -> str:
        """A sentence of the program in the visitor's language."""
        return self._catalogs[Look.of(request).language].gettext(message) % values

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            self._catalogs[language], newstyle=True
        )
        locale = locale_of(language)
        environment.filters.update(
            moment=self._in_zone(moments.moment, locale),
            hour=self._in_zone(moments.hour, locale),
            day=partial(_day, locale=locale),
            clinic_day=self._clinic_day,
            shortday=partial(_short_day, locale=locale),
            span=partial(_span, locale=locale),
            word=_word,
            place=place,
            scale=_scale,
        )
        return environment

    def _clinic_day(self, at: datetime, clinic: str) -> str:
        """Which day it is at the clinic, as an address says it."""
        return moments.day_at(at, self._zones.get(clinic, "UTC")).isoformat()

    def _in_zone(self, write: Any, locale: object) -> Any:
        def shown(at: datetime | None, clinic: str | None = None) -> str:
            zone = self._zones.get(clinic) if clinic else None
            written: str = write(at, zone, locale)
            return written

        return shown


def _day(on: date | None, *, locale: Any) -> str:
    return moments.day(on, locale)


def _short_day(on: date | None, *, locale: Any) -> str:
    return moments.short_day(on, locale)


def _span(length: timedelta, *, locale: Any) -> str:
    return moments.span(length, locale)


def _scale(code: str) -> str:
    """A rating scale by its own name, which no language translates."""
    return SCALE_NAMES.get(code, code)


@pass_context
def _word(context: Context, code: str | None) -> str:
    """A code as a word of the visitor's language; `-` for none."""
    if not code:
        return moments.NOTHING
    return str(context.call(context["gettext"], in_words(code)))
