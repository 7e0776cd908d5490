"""Tasks that wait on people, as the record's projection shows them."""

from datetime import UTC, datetime, timedelta

import asyncpg

NOON = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
"""Noon at the clinic north."""
LARKSPUR = "journey-" + "n" * 26
TRIAGE = f"{LARKSPUR}~referral_triage~1"

OPEN = """
INSERT INTO tasks (
    task_id, workflow_id, journey_id, clinic, kind, is_approval, key, title, slots, still_needed,
    stand_ins, owed_to, options, evidence, requested_by_id, requested_by_role, requested_at,
    due_at, next_at, on_expiry, reminded, escalated, version, status, votes
) VALUES (
    $1::text, split_part($1, '~', 1), split_part($1, '~', 1), $2, $3, true, '1', $4,
    $5::text[], $5, '{}', ($5::text[])[1], '{}', '{}', 'engine', 'system', $6, $7, $7,
    'stay', 0, 0, 1, 'pending', '[]'
)
"""
JOURNEY = """
INSERT INTO journeys (
    journey_id, clinic, phase, training, protocol_version, patient_name, attention
)
VALUES ($1, $2, 'REFERRAL', true, 'standard-1', 'Ottoline Larkspur', $3)
ON CONFLICT (journey_id) DO UPDATE SET attention = excluded.attention
"""


async def waiting(
    pool: asyncpg.Pool,
    task_id: str = TRIAGE,
    *,
    kind: str = "referral_triage",
    clinic: str = "north",
    title: str = "Accept or decline the referral",
    roles: tuple[str, ...] = ("care_coordinator",),
    due_in: timedelta = timedelta(hours=2),
    attention: bool = False,
) -> str:
    """One task that waits, and its journey."""
    journey = task_id.partition("~")[0]
    await pool.execute(JOURNEY, journey, clinic, attention)
    asked_at = NOON - timedelta(hours=20)
    await pool.execute(OPEN, task_id, clinic, kind, title, list(roles), asked_at, NOON + due_in)
    return task_id


async def ended(
    pool: asyncpg.Pool, task_id: str, status: str = "approved", at: datetime = NOON
) -> None:
    await pool.execute(
        "UPDATE tasks SET status = $2, closed_at = $3, version = version + 1 WHERE task_id = $1",
        *(task_id, status, at),
    )
