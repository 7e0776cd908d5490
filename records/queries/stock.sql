-- name: move_stock
-- One line of the log, with whose fact it rests on; a line that is there already stays as it is.
INSERT INTO stock_lines (
    workflow_id, sequence, movement, ordinal, journey_id, session_id, clinic, training, product,
    lot, expires_on, amount_mg, actor_id, actor_role, witness_id, witness_role, reason,
    command_id, at, recorded_at, settles
)
SELECT
    e.workflow_id, e.sequence, $3, $4, e.journey_id, $5, e.clinic, coalesce(j.training, false), $6,
    upper($7), $8, $9::double precision::numeric, e.actor_id, e.actor_role, $10, $11, $12,
    e.command_id, e.at, e.recorded_at, $13
FROM journey_events e LEFT JOIN journeys j USING (journey_id)
WHERE e.workflow_id = $1 AND e.sequence = $2
ON CONFLICT (workflow_id, sequence, movement, ordinal) DO NOTHING

-- name: draw_dose
-- What a treatment day draws. A start that was called off left its syringe: the next one takes
-- from the lot only what is drawn beyond it. Only facts before this one are looked at, so that a
-- rebuild tells the same.
INSERT INTO stock_lines (
    workflow_id, sequence, movement, journey_id, session_id, clinic, training, product, lot,
    expires_on, amount_mg, actor_id, actor_role, command_id, at, recorded_at
)
SELECT
    e.workflow_id, e.sequence, 'drawn', e.journey_id, e.workflow_id, e.clinic,
    coalesce(j.training, false), $3, upper($4), $5, new.amount_mg, e.actor_id, e.actor_role,
    e.command_id, e.at, e.recorded_at
FROM journey_events e
LEFT JOIN journeys j USING (journey_id)
CROSS JOIN LATERAL (
    SELECT $6::double precision::numeric - coalesce(sum(
        CASE WHEN b.movement = 'drawn' THEN b.amount_mg WHEN b.of_draw THEN -b.amount_mg END
    ), 0) AS amount_mg
    FROM stock_lines b
    WHERE b.workflow_id = $1 AND b.sequence < $2 AND b.lot = upper($4)
) new
WHERE e.workflow_id = $1 AND e.sequence = $2 AND new.amount_mg > 0
ON CONFLICT (workflow_id, sequence, movement, ordinal) DO NOTHING

-- name: use_draw
-- Given or wasted out of what this treatment day drew last.
INSERT INTO stock_lines (
    workflow_id, sequence, movement, journey_id, session_id, clinic, training, product, lot,
    expires_on, amount_mg, actor_id, actor_role, witness_id, witness_role, reason, command_id,
    at, recorded_at
)
SELECT
    e.workflow_id, e.sequence, $3, e.journey_id, e.workflow_id, e.clinic,
    coalesce(j.training, false), coalesce(d.product, 'unknown'), coalesce(d.lot, 'UNKNOWN'),
    d.expires_on, $4::double precision::numeric, e.actor_id, e.actor_role, $5, $6, $7,
    e.command_id, e.at, e.recorded_at
FROM journey_events e
LEFT JOIN journeys j USING (journey_id)
LEFT JOIN LATERAL (
    SELECT b.product, b.lot, b.expires_on
    FROM stock_lines b
    WHERE b.workflow_id = $1 AND b.sequence < $2 AND b.movement = 'drawn'
    ORDER BY b.sequence DESC
    LIMIT 1
) d ON true
WHERE e.workflow_id = $1 AND e.sequence = $2
ON CONFLICT (workflow_id, sequence, movement, ordinal) DO NOTHING

-- name: stock_balances
-- Every lot of the asker's clinics: received + corrected = on hand + in use + administered + wasted
-- + returned + lost, in mg. `left_over_mg`: drawn for a treatment day that has ended, and neither
-- given nor wasted.
WITH lots AS (
    SELECT
        clinic, lot,
        coalesce(max(product) FILTER (WHERE product <> 'unknown'), 'unknown') AS product,
        min(expires_on) AS expires_on,
        coalesce(sum(amount_mg) FILTER (WHERE movement IN ('opening', 'received')), 0) AS received,
        coalesce(sum(amount_mg) FILTER (WHERE movement = 'corrected_up'), 0)
          - coalesce(sum(amount_mg) FILTER (WHERE movement = 'corrected_down'), 0) AS corrected,
        coalesce(sum(amount_mg) FILTER (WHERE movement = 'drawn'), 0) AS drawn,
        coalesce(sum(amount_mg) FILTER (WHERE of_draw), 0) AS used,
        coalesce(sum(amount_mg) FILTER (WHERE movement = 'administered'), 0) AS administered,
        coalesce(sum(amount_mg) FILTER (WHERE movement = 'wasted'), 0) AS wasted,
        coalesce(sum(amount_mg) FILTER (WHERE movement = 'returned'), 0) AS returned,
        coalesce(sum(amount_mg) FILTER (WHERE movement = 'lost'), 0) AS lost,
        max(at) FILTER (WHERE movement = 'recalled') AS recalled_at,
        max(at) FILTER (WHERE movement = 'counted' AND settles) AS counted_at
    FROM stock_lines
    WHERE ($1::text[] IS NULL OR clinic = ANY ($1))
      AND ($2::boolean OR NOT training)
      AND ($3::text IS NULL OR clinic = $3)
      AND ($4::text IS NULL OR lot = upper($4))
    GROUP BY clinic, lot
)
SELECT
    l.clinic, l.lot, l.product, l.expires_on, l.recalled_at, l.counted_at,
    l.received::double precision AS received_mg,
    l.corrected::double precision AS corrected_mg,
    (l.received + l.corrected - l.drawn
        - (l.administered + l.wasted + l.returned + l.lost - l.used))::double precision
        AS on_hand_mg,
    (l.drawn - l.used)::double precision AS in_use_mg,
    l.administered::double precision AS administered_mg,
    l.wasted::double precision AS wasted_mg,
    l.returned::double precision AS returned_mg,
    l.lost::double precision AS lost_mg,
    coalesce((
        SELECT sum(CASE WHEN b.movement = 'drawn' THEN b.amount_mg ELSE -b.amount_mg END)
        FROM stock_lines b JOIN sessions s USING (session_id)
        WHERE b.clinic = l.clinic AND b.lot = l.lot AND ($2::boolean OR NOT b.training)
          AND (b.movement = 'drawn' OR b.of_draw)
          AND (s.ended_at IS NOT NULL OR s.lost_at IS NOT NULL)
    ), 0)::double precision AS left_over_mg,
    -- The last word: a lot that was frozen again after its release is frozen.
    (
        SELECT CASE WHEN f.movement = 'frozen' THEN f.at END
        FROM stock_lines f
        WHERE f.clinic = l.clinic AND f.lot = l.lot AND f.movement IN ('frozen', 'released')
        ORDER BY f.id DESC LIMIT 1
    ) AS frozen_at
FROM lots l
ORDER BY l.clinic, l.lot

-- name: stock_since_settled
-- The log of each lot since two people last found it right: first what was on hand then. Waste is
-- told apart by its witness, as it is judged by that; of each group the first pair stands for all.
WITH settled AS (
    SELECT lot, max(id) FILTER (WHERE settles) AS id
    FROM stock_lines
    WHERE clinic = $1 AND ($2::boolean OR NOT training) AND ($3::text IS NULL OR lot = upper($3))
    GROUP BY lot
)
SELECT
    b.lot, 'opening' AS movement, false AS of_draw, NULL AS actor_id, NULL AS actor_role,
    NULL AS witness_id, NULL AS witness_role,
    sum(CASE
        WHEN b.of_draw OR b.movement IN ('counted', 'recalled', 'frozen', 'released') THEN 0
        WHEN b.movement IN ('opening', 'received', 'corrected_up') THEN b.amount_mg
        ELSE -b.amount_mg
    END)::double precision AS amount_mg
FROM stock_lines b JOIN settled s ON s.lot = b.lot AND b.id <= s.id
WHERE b.clinic = $1 AND ($2::boolean OR NOT b.training)
GROUP BY b.lot
UNION ALL
SELECT
    b.lot, b.movement, b.of_draw,
    (array_agg(b.actor_id ORDER BY b.id))[1], (array_agg(b.actor_role ORDER BY b.id))[1],
    (array_agg(b.witness_id ORDER BY b.id))[1], (array_agg(b.witness_role ORDER BY b.id))[1],
    sum(b.amount_mg)::double precision
FROM stock_lines b JOIN settled s ON s.lot = b.lot AND b.id > coalesce(s.id, 0)
WHERE b.clinic = $1 AND ($2::boolean OR NOT b.training)
  AND b.movement NOT IN ('counted', 'recalled', 'frozen', 'released')
GROUP BY
    b.lot, b.movement, b.of_draw,
    CASE WHEN b.movement = 'wasted' THEN b.witness_role END,
    b.movement = 'wasted' AND b.witness_id IS NOT DISTINCT FROM b.actor_id

-- name: left_over_draws
-- Drawn for a treatment day and neither given nor wasted; of days that have ended only what is
-- beyond the tolerance ($4 mg). More given than was drawn is less than nothing.
SELECT
    b.lot, b.session_id,
    sum(CASE WHEN b.movement = 'drawn' THEN b.amount_mg ELSE -b.amount_mg END)::double precision
        AS amount_mg,
    (s.ended_at IS NOT NULL OR s.lost_at IS NOT NULL) AS ended
FROM stock_lines b LEFT JOIN sessions s USING (session_id)
WHERE b.clinic = $1 AND ($2::boolean OR NOT b.training) AND ($3::text IS NULL OR b.lot = upper($3))
  AND (b.movement = 'drawn' OR b.of_draw)
GROUP BY b.lot, b.session_id, s.ended_at, s.lost_at
HAVING abs(sum(CASE WHEN b.movement = 'drawn' THEN b.amount_mg ELSE -b.amount_mg END))
    > CASE WHEN s.ended_at IS NOT NULL OR s.lost_at IS NOT NULL
           THEN $4::double precision::numeric ELSE 0 END
ORDER BY b.lot, b.session_id

-- name: exposed_to_lot
-- Whoever was given, or had drawn for them, anything of the lot: opaque ids.
SELECT DISTINCT journey_id, session_id
FROM stock_lines
WHERE clinic = $1 AND ($2::boolean OR NOT training) AND lot = upper($3)
  AND movement IN ('drawn', 'administered')
ORDER BY journey_id, session_id

-- name: stock_log
-- The log of a clinic, or of one lot of it, from one moment to another; after the cursor
-- ($7 moment, $8 line). The clinic is named, so that an index finds it (21 CFR 1304.04).
SELECT
    id, workflow_id, sequence, movement, clinic, product, lot, expires_on,
    amount_mg::double precision AS amount_mg, journey_id, session_id, actor_id, actor_role,
    witness_id, witness_role, reason, command_id, at, recorded_at, settles, training
FROM stock_lines
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND clinic = $2 AND lot = upper($3)
  AND ($4::boolean OR NOT training)
  AND at >= $5 AND at < $6 AND (at, id) > ($7::text::timestamptz, $8::bigint)
ORDER BY at, id
LIMIT $9

-- name: stock_log_of_clinic
-- The same for every lot of the clinic.
SELECT
    id, workflow_id, sequence, movement, clinic, product, lot, expires_on,
    amount_mg::double precision AS amount_mg, journey_id, session_id, actor_id, actor_role,
    witness_id, witness_role, reason, command_id, at, recorded_at, settles, training
FROM stock_lines
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND clinic = $2
  AND ($3::boolean OR NOT training)
  AND at >= $4 AND at < $5 AND (at, id) > ($6::text::timestamptz, $7::bigint)
ORDER BY at, id
LIMIT $8
