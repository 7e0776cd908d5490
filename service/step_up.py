"""Dangerous decisions are taken by somebody who has just signed in: which those are, how recently.

Every door asks here before it takes a decision. Neither a stolen token of this morning nor a
screen left open decides on a dose.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from clinical.approval_rules import STANDARD_APPROVALS
from schemas.protocol import Protocol

WITHIN: Final = timedelta(minutes=15)
CLOCKS_APART: Final = timedelta(seconds=60)


class StepUp:
    """`kinds`: the standard protocol's, and what any protocol of this deployment adds."""

    def __init__(self, protocols: Iterable[Protocol] = (), within: timedelta = WITHIN) -> None:
        tables = (STANDARD_APPROVALS, *(protocol.approvals for protocol in protocols))
        self.kinds = frozenset(
            kind for table in tables for kind, rule in table.items() if rule.step_up
        )
        self.within = within

    def needed_for(self, approval_id: str) -> bool:
        """Whether this approval's kind, which its id names, is a dangerous one."""
        return any(part in self.kinds for part in approval_id.split("~")[1:2])

    def recent(self, signed_in_at: datetime | None, now: datetime) -> bool:
        """Whether somebody signed in so recently. Nobody knows when: then it was not."""
        if signed_in_at is None:
            return False
        return -CLOCKS_APART <= now - signed_in_at <= self.within
