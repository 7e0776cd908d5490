"""Which commands have already taken effect, so that each does so at most once.

Update ids are remembered by the server for one run only; this goes along from run to run. It is
bounded by count and age; beyond that the record's unique key holds.
"""

import base64
import hashlib
from datetime import datetime

from schemas.message import LedgerEntry
from workflows.options import LEDGER_AGE, LEDGER_ENTRIES


class Ledger:
    """The commands of one workflow, oldest first, over a list that its state carries."""

    def __init__(self, entries: list[LedgerEntry]) -> None:
        self._entries = entries
        self._known = {entry.k: entry for entry in entries}

    def find(self, command_id: str) -> LedgerEntry | None:
        """The entry of a command that already took effect."""
        return self._known.get(digest_of(command_id))

    def note(self, command_id: str, version: int, now: datetime) -> None:
        """Remember a command; forget what is too old or too many."""
        entry = LedgerEntry(k=digest_of(command_id), t=int(now.timestamp()), v=version)
        self._entries.append(entry)
        self._known[entry.k] = entry
        while self._entries and self._outgrown(now):
            self._known.pop(self._entries.pop(0).k, None)

    def _outgrown(self, now: datetime) -> bool:
        age_s = now.timestamp() - self._entries[0].t
        return len(self._entries) > LEDGER_ENTRIES or age_s > LEDGER_AGE.total_seconds()


def digest_of(command_id: str) -> str:
    """A command's digest: as good for telling commands apart, a tenth of the size of a long id."""
    digest = hashlib.blake2b(command_id.encode(), digest_size=12).digest()
    return base64.urlsafe_b64encode(digest).decode()
