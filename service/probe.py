"""Whether the clinical record answers."""

import asyncio
from typing import Final

import asyncpg

from records.errors import RecordUnavailable
from records.pool import connection

WITHIN_S: Final = 2.0


class Record:
    """Asks the record the smallest question there is."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def reachable(self) -> bool:
        """Whether it answers in time."""
        try:
            async with asyncio.timeout(WITHIN_S), connection(self._pool) as held:
                return bool(await held.fetchval("SELECT true"))
        except (RecordUnavailable, TimeoutError, asyncpg.PostgresError):
            return False
