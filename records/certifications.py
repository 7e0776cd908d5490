"""Whether each clinic's site is certified for the spray: every change, the last one holds."""

import asyncpg

from records.pool import connection
from records.queries import sql
from schemas.safety_program import CertificationChange


class CertificationStore:
    """The record of certifications. Every call may raise `RecordUnavailable`; then what it did is
    unknown, and the same call again is safe."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def record(self, change: CertificationChange) -> None:
        """Keep one change; with the same key once."""
        async with connection(self._pool) as held:
            await held.execute(
                sql("record_certification"),
                change.clinic,
                change.certified,
                change.reason,
                change.actor.id,
                change.actor.role.value,
                change.command_id,
            )

    async def certified(self, clinic: str) -> bool | None:
        """What the last change said; None when nothing ever changed."""
        async with connection(self._pool) as held:
            found: bool | None = await held.fetchval(sql("site_certified"), clinic)
            return found
