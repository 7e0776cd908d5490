"""A clinic group's record at full size: journeys, what waits on people, and who has it."""

import asyncpg

JOURNEYS, OPEN, PAST = 100_000, 20_000, 80_000
CLINICS = ("north", "south")

FILL = (
    """
    INSERT INTO journeys (
        journey_id, clinic, phase, training, protocol_version, patient_name, attention
    )
    SELECT 'journey-' || lpad(n::text, 26, 'a'), (ARRAY['north', 'south'])[1 + n % 2],
           (ARRAY['REFERRAL', 'PSYCH_EVAL', 'INFUSION_SERIES', 'MAINTENANCE'])[1 + n % 4], true,
           'standard-1', 'Synthetic Person ' || n, n % 200 = 0
    FROM generate_series(1, $1::integer) n
    """,
    """
    INSERT INTO tasks (
        task_id, workflow_id, journey_id, clinic, kind, is_approval, key, title, slots,
        still_needed, stand_ins, owed_to, options, evidence, requested_by_id, requested_by_role,
        requested_at, due_at, next_at, on_expiry, reminded, escalated, version, status, votes,
        closed_at
    )
    SELECT j || '~' || kind || '~1', j, j, clinic, kind, true, '1',
           'Please see ' || kind || ' ' || n, ARRAY[role], ARRAY[role], '{}', role,
           '{}', '{"line": "a synthetic line"}', 'engine',
           'system', $3::timestamptz - '3 days'::interval, due, due, 'stay', 0, 0, 1,
           CASE WHEN n <= $1 THEN 'pending' ELSE 'approved' END, '[]',
           CASE WHEN n <= $1 THEN NULL ELSE $3::timestamptz - (n % 400) * '1 hour'::interval END
    FROM (
        SELECT n, 'journey-' || lpad(n::text, 26, 'a') AS j,
               (ARRAY['north', 'south'])[1 + n % 2] AS clinic,
               CASE WHEN n % 500 = 0 THEN 'suicide_risk_review' ELSE
                   (ARRAY['referral_triage', 'treatment_clearance', 'sign_consent', 'close_review',
                          'reevaluation_decision', 'series_start'])[1 + n % 6] END AS kind,
               (ARRAY['care_coordinator', 'psychiatrist', 'nurse',
                      'medical_director'])[1 + (n / 7) % 4] AS role,
               $3::timestamptz + ((n * 7919) % 20160 - 1440) * '1 minute'::interval AS due
        FROM generate_series(1, $1::integer + $2::integer) n
    ) numbered
    """,
    """
    INSERT INTO task_handling (task_id, version, entered_at, claimed_by, claimed_at)
    SELECT task_id, 1, requested_at, 'person-' || (hashtext(task_id) & 63), requested_at
    FROM tasks WHERE status = 'pending' AND hashtext(task_id) % 4 = 0
    """,
)


async def fill(
    pool: asyncpg.Pool, now: object, journeys: int = JOURNEYS, waits: int = OPEN, past: int = PAST
) -> None:
    """Fill an empty record, as large as asked."""
    await pool.execute(FILL[0], journeys)
    await pool.execute(FILL[1], waits, past, now)
    await pool.execute(FILL[2])
    await pool.execute("ANALYZE journeys, tasks, task_handling")
