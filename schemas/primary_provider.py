"""The primary mental-health provider who shares the care, as it changes in mid-course."""

from schemas.base import Command, RequiredText
from schemas.people import Contact


class ChangeProvider(Command):
    """Who shares the care from now on. `provider` None: the one there was is lost, and another
    has to be named in time."""

    provider: Contact | None = None
    reason: RequiredText
