"""Messages as a workflow remembers them: commands that took effect, letters nobody could read."""

from schemas.base import Carried, Instant


class DeadLetter(Carried):
    """A message that could not be understood. Its content is not kept, only where it came in."""

    channel: str
    code: str
    at: Instant


class LedgerEntry(Carried):
    """A command that took effect. `key`: keyed digest of its id, so that no id is stored."""

    key: str
    at: Instant
    version: int
