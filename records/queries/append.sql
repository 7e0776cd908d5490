-- name: lock_chain
-- Take a workflow's chain for this transaction and say where it ends. The second of two writers
-- waits here and then sees what the first one wrote.
INSERT INTO chain_heads (workflow_id) VALUES ($1)
ON CONFLICT (workflow_id) DO UPDATE SET workflow_id = excluded.workflow_id
RETURNING last_sequence, last_hash

-- name: conflicting_sequences
-- Sequences of the batch that are on record with a different fact.
SELECT f.sequence
FROM jsonb_to_recordset($4::text::jsonb) AS f (
    sequence bigint, kind text, at timestamptz, actor jsonb, command_id text, data jsonb
)
LEFT JOIN journey_events e ON e.workflow_id = $1 AND e.sequence = f.sequence
WHERE f.sequence <= $5
  AND (e.journey_id, e.clinic, e.kind, e.at, e.actor_id, e.actor_role, e.command_id, e.data)
      IS DISTINCT FROM
      ($2, $3, f.kind, f.at, f.actor ->> 'id', f.actor ->> 'role', f.command_id, f.data)
ORDER BY f.sequence

-- name: append_lines
-- Write the facts beyond the end of the chain ($5 sequence, $6 hash), each hash over the one
-- before, move the end, and remember the commands. The caller holds the chain.
WITH RECURSIVE facts AS MATERIALIZED (
    SELECT f.*
    FROM jsonb_to_recordset($4::text::jsonb) AS f (
        sequence bigint, kind text, at timestamptz, actor jsonb, command_id text, data jsonb
    )
    WHERE f.sequence > $5
), chain AS (
    SELECT $5::bigint AS sequence, NULL::bytea AS previous_hash, $6::bytea AS hash
    UNION ALL
    SELECT f.sequence, c.hash, journey_event_hash(
        c.hash, $1, $2, $3, f.sequence, f.kind, f.at, now(),
        f.actor ->> 'id', f.actor ->> 'role', f.command_id, f.data
    )
    FROM chain c JOIN facts f ON f.sequence = c.sequence + 1
), lines AS (
    INSERT INTO journey_events (
        workflow_id, journey_id, clinic, sequence, kind, at, recorded_at,
        actor_id, actor_role, command_id, data, previous_hash, hash
    )
    SELECT $1, $2, $3, f.sequence, f.kind, f.at, now(),
           f.actor ->> 'id', f.actor ->> 'role', f.command_id, f.data, c.previous_hash, c.hash
    FROM facts f JOIN chain c USING (sequence)
    ORDER BY f.sequence
    RETURNING sequence, kind, at, command_id, hash
), remembered AS (
    INSERT INTO commands (workflow_id, command_id, sequence, kind, at)
    SELECT DISTINCT ON (command_id) $1, command_id, sequence, kind, at
    FROM lines WHERE command_id IS NOT NULL ORDER BY command_id, sequence
    ON CONFLICT (workflow_id, command_id) DO NOTHING
)
UPDATE chain_heads SET last_sequence = last.sequence, last_hash = last.hash
FROM (SELECT sequence, hash FROM lines ORDER BY sequence DESC LIMIT 1) AS last
WHERE workflow_id = $1
RETURNING last_sequence

-- name: show_card
-- Show where a journey stands, unless something newer is already shown.
INSERT INTO journeys (
    journey_id, clinic, phase, training, protocol_version, awaiting_role, attention,
    hold_reason, next_action_at, closed, card_sequence
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (journey_id) DO UPDATE SET
    clinic = excluded.clinic,
    phase = excluded.phase,
    training = excluded.training,
    protocol_version = excluded.protocol_version,
    awaiting_role = excluded.awaiting_role,
    attention = excluded.attention,
    hold_reason = excluded.hold_reason,
    next_action_at = excluded.next_action_at,
    closed = excluded.closed,
    card_sequence = excluded.card_sequence,
    updated_at = now()
WHERE journeys.card_sequence < excluded.card_sequence

-- name: tell_listeners
-- Say which journey changed; heard when, and only if, the transaction commits.
SELECT pg_notify('journey_changed', $1)

-- name: session_result
-- How a treatment day ended, as its own workflow wrote it down.
SELECT data -> 'result' AS result
FROM journey_events
WHERE workflow_id = $1 AND jsonb_typeof(data -> 'result') = 'object'
ORDER BY sequence DESC
LIMIT 1
