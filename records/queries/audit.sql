-- name: check_lines
-- Walk the next $4 lines of the record, after ($1 workflow, $2 sequence) whose hash is $3 and
-- before workflow $5, and return the first bad line of each workflow among them, and the last line walked. A line is good
-- when its sequence follows, it names the hash before it, and its own hash fits its content.
WITH page AS (
    SELECT * FROM journey_events
    WHERE (workflow_id, sequence) > ($1, $2) AND workflow_id < $5
    ORDER BY workflow_id, sequence
    LIMIT $4
), linked AS (
    SELECT p.*,
        lag(sequence, 1, CASE WHEN workflow_id = $1 THEN $2::bigint ELSE 0 END) OVER chain
            AS sequence_before,
        lag(hash, 1, CASE WHEN workflow_id = $1 THEN $3 ELSE decode(repeat('00', 32), 'hex') END)
            OVER chain AS hash_before,
        row_number() OVER (ORDER BY workflow_id DESC, sequence DESC) = 1 AS is_last
    FROM page p
    WINDOW chain AS (PARTITION BY workflow_id ORDER BY sequence)
), judged AS (
    SELECT workflow_id, sequence, sequence_before, hash, is_last,
        CASE
            WHEN sequence <> sequence_before + 1 THEN 'missing'
            WHEN previous_hash <> hash_before THEN 'unlinked'
            WHEN hash <> journey_event_hash(
                previous_hash, workflow_id, journey_id, clinic, sequence, kind, at, recorded_at,
                actor_id, actor_role, command_id, data
            ) THEN 'altered'
        END AS fault
    FROM linked
)
SELECT workflow_id, sequence, sequence_before, hash, is_last, fault
FROM (
    SELECT *, row_number() OVER (PARTITION BY workflow_id, fault IS NULL ORDER BY sequence) AS nth
    FROM judged
) AS ranked
WHERE is_last OR (fault IS NOT NULL AND nth = 1)
ORDER BY workflow_id, sequence

-- name: check_ends
-- Workflows whose last line is not the one that was written last: cut off, or never announced.
SELECT coalesce(h.workflow_id, e.workflow_id) AS workflow_id,
       least(coalesce(h.last_sequence, 0), coalesce(e.sequence, 0)) + 1 AS sequence
FROM (SELECT * FROM chain_heads WHERE workflow_id >= $1 AND workflow_id < $2) AS h
FULL JOIN (
    SELECT DISTINCT ON (workflow_id) workflow_id, sequence, hash FROM journey_events
    WHERE workflow_id >= $1 AND workflow_id < $2
    ORDER BY workflow_id, sequence DESC
) AS e ON e.workflow_id = h.workflow_id
WHERE (h.last_sequence, h.last_hash)
      IS DISTINCT FROM
      (coalesce(e.sequence, 0), coalesce(e.hash, decode(repeat('00', 32), 'hex')))
ORDER BY 1

-- name: take_time
-- An audit of years may take longer than a worklist is given.
SET LOCAL statement_timeout = '10min'
