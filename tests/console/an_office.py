"""An office with the rooms that a test is about; whatever else is asked fails the test."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final, NoReturn

from api.auth import Verifier
from console.office import Office
from console.pages import Pages
from console.visitors import Guard
from runtime.settings import Settings


class Unasked:
    """Stands for a part that this test has nothing to do with."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, wanted: str) -> NoReturn:
        raise AssertionError(f"{self._name}.{wanted} was asked, and this test gave no {self._name}")


_printed: Final[dict[str, Pages]] = {}


def pages_of(settings: Settings, zones: Mapping[str, str]) -> Pages:
    """The pages for these settings, read and compiled once: it takes longer than a test asks."""
    shown = settings.training, settings.temporal_ui_url, settings.temporal_namespace
    key = f"{shown}{sorted(zones.items())}"
    if key not in _printed:
        _printed[key] = Pages(settings, zones)
    return _printed[key]


def an_office(
    settings: Settings, verifier: Verifier, zones: dict[str, str], **parts: Any
) -> Office:
    """`parts`: fields of the office by name; the pages may be among them."""
    given = {
        "settings": settings,
        "guard": Guard(verifier.verify),
        "zones": zones,
        **({} if "pages" in parts else {"pages": pages_of(settings, zones)}),
        **parts,
    }
    unasked = {
        part.name: Unasked(part.name)
        for part in fields(Office)
        if part.name not in given and part.default is MISSING and part.default_factory is MISSING
    }
    return Office(**given, **unasked)
