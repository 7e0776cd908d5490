"""Messages as a workflow remembers them: commands that took effect, letters nobody could read."""

from schemas.base import Carried, Instant


class DeadLetter(Carried):
    """A message that could not be understood. Its content is not kept, only where it came in."""

    channel: str
    code: str
    at: Instant


class LedgerEntry(Carried):
    """A command that took effect. Names are short because hundreds are carried from run to run:
    `k` digest of its id, so that no id is stored; `t` when, in seconds; `v` the state's version."""

    k: str
    t: int
    v: int
