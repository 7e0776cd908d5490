"""A reading that waited on its device: when it was taken, told by how long ago that is.

The device's clock may be wrong, and a training day's stands elsewhere; the time that has passed on
the device since the reading is right in both cases. So the engine hears its own clock's moment,
and its own moment of arrival stands beside it on record.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from schemas.base import CommandId

LARGEST: Final = 16_000
A_MOMENT: Final = timedelta(seconds=1)
"""Two servers' clocks may differ by so much; a reading is never told as taken after now."""

Text = Annotated[str, Field(max_length=200)]


class Unreadable(ValueError):  # noqa: N818 - what the content is
    """No reading as the screen sends it."""


class Reading(BaseModel):
    """What the screen sends: its key, when it was taken and when it is sent by the device's clock,
    and the fields of its form."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    command_id: CommandId
    taken_at: AwareDatetime
    sent_at: AwareDatetime
    fields: Mapping[Text, Annotated[list[Text], Field(max_length=60)]]

    @classmethod
    def parse(cls, content: bytes) -> "Reading":
        """A reading from JSON. Raises `Unreadable`."""
        if len(content) > LARGEST:
            raise Unreadable
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            raise Unreadable from None

    @property
    def said(self) -> dict[str, list[str]]:
        """As a form says it, its key included."""
        return {**self.fields, "command_id": [self.command_id]}

    def taken_at_clinical(self, now: datetime) -> datetime:
        """When it was taken on the clinical clock, which shows `now`."""
        return now - max(self.sent_at - self.taken_at, A_MOMENT)
