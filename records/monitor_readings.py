"""What monitors sent, kept as evidence: thousands of readings a session, none of them a fact."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from records.pool import connection
from records.queries import sql
from schemas.monitor import MonitorReading

MEASURED = (
    "taken_at", "spo2_percent", "heart_rate_bpm", "systolic_mmhg", "diastolic_mmhg",
    "respiratory_rate_per_min", "temperature_c",
)  # fmt: skip
MOST_RECENT = 400


class MonitorReadings:
    """The readings of monitors. Every call may raise `RecordUnavailable`; the same readings again
    count once."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def keep(
        self, session_id: str, device: str, readings: Sequence[MonitorReading]
    ) -> frozenset[datetime]:
        """Keep a device's readings; the moments of those that were not on record before."""
        if not readings:
            return frozenset()
        columns = [[getattr(reading, name) for reading in readings] for name in MEASURED]
        async with connection(self._pool) as held:
            rows = await held.fetch(sql("keep_readings"), session_id, device, *columns)
        return frozenset(row["taken_at"] for row in rows)

    async def recent(self, session_id: str, since: datetime) -> tuple[MonitorReading, ...]:
        """What a session's monitors have said since a moment, oldest first."""
        async with connection(self._pool) as held:
            rows = await held.fetch(sql("recent_readings"), session_id, since, MOST_RECENT)
        return tuple(MonitorReading.model_validate(dict(row)) for row in rows)
