"""An office with the rooms that a test is about; whatever else is asked fails the test."""

from dataclasses import MISSING, fields
from typing import Any, NoReturn

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


def an_office(
    settings: Settings, verifier: Verifier, zones: dict[str, str], **parts: Any
) -> Office:
    """`parts`: fields of the office by name; the pages may be among them."""
    given = {
        "settings": settings,
        "guard": Guard(verifier.verify),
        "zones": zones,
        **({} if "pages" in parts else {"pages": Pages(settings, zones)}),
        **parts,
    }
    unasked = {
        part.name: Unasked(part.name)
        for part in fields(Office)
        if part.name not in given and part.default is MISSING and part.default_factory is MISSING
    }
    return Office(**given, **unasked)
