"""The patient's own mood journal between visits."""

from typing import Annotated

from pydantic import Field

from schemas.base import Command, ShortText


class WriteJournal(Command):
    """One entry. `mood`, `sleep`, `energy` 0-10; `suicidal_thoughts` 0-3 as PHQ-9 item 9."""

    mood: Annotated[int, Field(ge=0, le=10)] | None = None
    sleep: Annotated[int, Field(ge=0, le=10)] | None = None
    energy: Annotated[int, Field(ge=0, le=10)] | None = None
    suicidal_thoughts: Annotated[int, Field(ge=0, le=3)] = 0
    side_effects: ShortText = ""
    text: ShortText = ""
