"""The console's languages: catalogs read once at start, one file for each part of the console.

`console/locale/<language>/*.po`; what the program says itself is English. No build step: the
catalogs are compiled in memory.
"""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

FOLDER: Final = Path(__file__).parent / "locale"
ENGLISH: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "es": "Español"}
"""Code -> the language's own name."""
COOKIE: Final = "journey-language"


def translations(language: str) -> NullTranslations:
    """Every catalog of one language as one. Raises `PoFileError` for a file
    that does not parse."""
    merged = Translations()
    for path in sorted((FOLDER / language).glob("*.po")):
        merged.merge(_read(path, language))
    return merged


def language_of(request: Request) -> str:
    """What the visitor chose, else what their browser prefers among ours, else English."""
    chosen = request.cookies.get(COOKIE)
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    wished = [part.partition(";")[0].strip() for part in _accepted(request).split(",")]
    found = negotiate_locale(wished, list(LANGUAGES), sep="-")
    return str(found) if found else ENGLISH


def locale_of(language: str) -> Locale:
    """How dates and numbers are written in a language."""
    return Locale.parse(language)


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")


def _read(path: Path, language: str) -> Translations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)
