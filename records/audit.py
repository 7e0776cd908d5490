"""Whether the record is what was written: every line against the hash that binds it.

The chain finds a changed byte, a missing, added or re-ordered line, and lines cut off at the end.
It does not find somebody who may change the tables and computes every later hash anew; against
that the last hashes have to be kept elsewhere.
"""

from dataclasses import dataclass
from enum import StrEnum

import asyncpg

from records.pool import Held, connection
from records.queries import sql

LINES_AT_ONCE = 20_000
CHECK_TIMEOUT_S = 600.0
LAST = "\U0010ffff"
BEGINNING = b"\0" * 32


class Fault(StrEnum):
    """`missing`: a line that should stand here does not. `unlinked`: the line does not follow
    from the one before. `altered`: its content is not what was written. `end`: the last line is
    not the one written last."""

    MISSING = "missing"
    UNLINKED = "unlinked"
    ALTERED = "altered"
    END = "end"


@dataclass(frozen=True, slots=True)
class Break:
    """The first line of a workflow that is not as it was written."""

    workflow_id: str
    sequence: int
    fault: Fault


async def verify(pool: asyncpg.Pool, workflow_id: str | None = None) -> list[Break]:
    """The first break of each workflow, in order; empty when all is whole.

    `workflow_id`: a journey with its sessions, or one session; None for the whole record. Reads
    one snapshot in batches of 20,000 lines. Raises `RecordUnavailable` when the database is away.
    """
    async with (
        connection(pool) as held,
        held.transaction(isolation="repeatable_read", readonly=True),
    ):
        await held.execute(sql("take_time"))
        first, end = _range(workflow_id)
        found = await _walk(held, first, end)
        for row in await held.fetch(sql("check_ends"), first, end, timeout=CHECK_TIMEOUT_S):
            found.setdefault(
                row["workflow_id"], Break(row["workflow_id"], row["sequence"], Fault.END)
            )
    return [found[name] for name in sorted(found)]


def _range(workflow_id: str | None) -> tuple[str, str]:
    """First id and the id before which to end. Sessions are named `<journey>-...`, and the sign
    after `-` is `.`: the ids are compared byte by byte."""
    return ("", LAST) if workflow_id is None else (workflow_id, workflow_id + ".")


async def _walk(held: Held, first: str, end: str) -> dict[str, Break]:
    found: dict[str, Break] = {}
    place: tuple[str, int, bytes] = (first, 0, BEGINNING)
    while True:
        rows = await held.fetch(
            sql("check_lines"), *place, LINES_AT_ONCE, end, timeout=CHECK_TIMEOUT_S
        )
        if not rows:
            return found
        for row in rows:
            if row["fault"] is not None:
                found.setdefault(row["workflow_id"], _named(row))
            if row["is_last"]:
                place = (row["workflow_id"], row["sequence"], row["hash"])


def _named(row: asyncpg.Record) -> Break:
    fault = Fault(row["fault"])
    # Of a gap the first line that is not there is named, not the one found after it.
    sequence = row["sequence_before"] + 1 if fault is Fault.MISSING else row["sequence"]
    return Break(row["workflow_id"], sequence, fault)
