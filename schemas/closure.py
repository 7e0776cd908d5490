"""Days on which a clinic turns out to be closed."""

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.base import Command, RequiredText


class AnnounceClosure(Command):
    """The clinic is closed on these days of its own calendar, besides those it knew of: weather, a
    holiday, works."""

    closed_on: Annotated[tuple[date, ...], Field(min_length=1, max_length=60)]
    reason: RequiredText
