-- Every lookup takes the clinics that the asker may see as its first value; NULL means all.

-- name: list_journeys
-- Journeys by when they act next; after the cursor ($6 moment, $7 id).
SELECT j.*
FROM journeys j
WHERE ($1::text[] IS NULL OR j.clinic = ANY ($1))
  AND ($2::text IS NULL OR j.phase = $2)
  AND ($3::text IS NULL OR j.clinic = $3)
  AND ($4::text IS NULL OR j.awaiting_role = $4 OR EXISTS (
      SELECT FROM tasks t
      WHERE t.journey_id = j.journey_id AND t.status = 'pending'
        AND (t.owed_to = $4 OR $4 = ANY (t.still_needed) OR $4 = ANY (t.stand_ins))
  ))
  AND ($5::boolean IS NULL OR j.attention = $5)
  AND ($6::text IS NULL OR
      (coalesce(j.next_action_at, 'infinity'::timestamptz), j.journey_id)
      > ($6::text::timestamptz, $7::text))
ORDER BY coalesce(j.next_action_at, 'infinity'::timestamptz), j.journey_id
LIMIT $8

-- name: journey
SELECT * FROM journeys WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2

-- name: timeline
-- Every fact of a journey and of its sessions, in the order of the record.
SELECT id, workflow_id, journey_id, clinic, sequence, kind, at, recorded_at, actor_id,
       actor_role, command_id, data
FROM journey_events
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2 AND id > $3
ORDER BY id
LIMIT $4

-- name: programme_facts
-- The facts of a journey of some kinds (of forms, adverse events, a transfer), oldest first.
SELECT id, workflow_id, journey_id, clinic, sequence, kind, at, recorded_at, actor_id,
       actor_role, command_id, data
FROM journey_events
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2 AND kind = ANY ($3)
ORDER BY id

-- name: list_tasks
-- What waits on a person, by deadline; after the cursor ($9 moment, $10 id).
SELECT * FROM tasks
WHERE ($1::text[] IS NULL OR clinic = ANY ($1))
  AND (NOT $2::boolean OR status = 'pending')
  AND ($3::text IS NULL OR owed_to = $3 OR $3 = ANY (still_needed) OR $3 = ANY (stand_ins))
  AND ($4::text IS NULL OR clinic = $4)
  AND ($5::timestamptz IS NULL OR due_at < $5)
  AND ($6::text IS NULL OR kind = $6)
  AND ($7::text IS NULL OR journey_id = $7)
  AND (NOT $8::boolean OR is_approval)
  AND ($9::text IS NULL OR (due_at, task_id) > ($9::text::timestamptz, $10::text))
ORDER BY due_at, task_id
LIMIT $11

-- name: task
SELECT * FROM tasks WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND task_id = $2

-- name: session
SELECT * FROM sessions WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND session_id = $2

-- name: list_sessions
SELECT * FROM sessions
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
ORDER BY scheduled_at NULLS LAST, session_id

-- name: list_scores
SELECT instrument, total, suicidality, taken_at FROM assessments
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
ORDER BY taken_at, instrument, sequence, ordinal

-- name: list_notifications
SELECT workflow_id, occurrence, journey_id, clinic, template, channel, kind, recipient_role,
       address, status, attempts, provider_id, claimed_at, sent_at
FROM notifications
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
ORDER BY claimed_at, workflow_id, occurrence

-- name: command
-- The first fact that a command led to.
SELECT c.workflow_id, c.command_id, c.sequence, c.kind, c.at, e.journey_id, e.clinic
FROM commands c JOIN journey_events e USING (workflow_id, sequence)
WHERE ($1::text[] IS NULL OR e.clinic = ANY ($1)) AND c.workflow_id = $2 AND c.command_id = $3

-- name: feed
-- The next facts for other systems. Only lines older than every transaction still under way are
-- given, in the order of their transactions: behind a cursor nothing can appear any more.
SELECT id, workflow_id, journey_id, clinic, sequence, kind, at, recorded_at, actor_id,
       actor_role, command_id, data, transaction_id::text AS transaction_id
FROM journey_events
WHERE (transaction_id, id) > ($2::text::xid8, $3::bigint)
  AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
  AND ($1::text[] IS NULL OR clinic = ANY ($1))
  AND ($4::text IS NULL OR clinic = $4)
ORDER BY transaction_id, id
LIMIT $5

-- name: count_journeys
SELECT phase, count(*) AS journeys, count(*) FILTER (WHERE attention) AS attention,
       count(*) FILTER (WHERE closed) AS closed
FROM journeys
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND ($2::boolean OR NOT training)
GROUP BY phase ORDER BY phase

-- name: count_tasks
SELECT t.owed_to AS role, count(*) AS pending, count(*) FILTER (WHERE t.due_at < $3) AS overdue
FROM tasks t LEFT JOIN journeys j USING (journey_id)
WHERE ($1::text[] IS NULL OR t.clinic = ANY ($1))
  AND ($2::boolean OR NOT coalesce(j.training, false))
  AND t.status = 'pending'
GROUP BY t.owed_to ORDER BY t.owed_to

-- name: count_notifications
SELECT n.status, count(*) AS notifications
FROM notifications n JOIN journeys j USING (journey_id)
WHERE ($1::text[] IS NULL OR n.clinic = ANY ($1)) AND ($2::boolean OR NOT j.training)
GROUP BY n.status ORDER BY n.status

-- name: overrides_used
-- Every override that took effect at a clinic ($2) from a moment ($3) to another ($4, not included):
-- approved by people, or a psychiatrist's own of the severity gate, written into an evaluation that
-- was not eligible by the rule. Who, what, when; no words that anybody wrote. Training journeys only where nobody is treated ($5).
SELECT e.id, e.at, e.journey_id, e.workflow_id,
       coalesce(e.data ->> 'kind', 'eligibility_override') AS kind,
       o.data -> 'evidence' ->> 'missing' AS item,
       CASE e.kind WHEN 'TaskClosed' THEN ARRAY(
           SELECT v.actor_id || ' (' || v.actor_role || ')'
           FROM journey_events v
           WHERE v.workflow_id = e.workflow_id AND v.kind = 'TaskVoted'
             AND v.data ->> 'task_id' = e.data ->> 'task_id'
           ORDER BY v.id
       ) ELSE ARRAY[e.actor_id || ' (' || e.actor_role || ')'] END AS people
FROM journey_events e
JOIN journeys j ON j.journey_id = e.journey_id
LEFT JOIN journey_events o
    ON o.workflow_id = e.workflow_id AND o.kind = 'TaskOpened'
   AND o.data ->> 'task_id' = e.data ->> 'task_id'
WHERE ($1::text[] IS NULL OR e.clinic = ANY ($1)) AND e.clinic = $2
  AND e.at >= $3 AND e.at < $4 AND ($5::boolean OR NOT j.training)
  AND (
      (e.kind = 'TaskClosed' AND e.data ->> 'status' = 'approved'
       AND e.data ->> 'kind' IN ('readiness_override', 'dose_exception', 'eligibility_override'))
      OR (e.kind = 'EvaluationRecorded' AND coalesce(e.data ->> 'override_reason', '') <> ''
          AND e.data ->> 'eligible' = 'true'
          AND e.data -> 'decision' ->> 'outcome' IS DISTINCT FROM 'eligible')
  )
ORDER BY e.at, e.id

-- name: days_in_a_shortage
-- Every treatment day of one medicine ($3) that is booked at a clinic ($2) and has no dose yet, with
-- what an order of doses looks at: when it was booked, doses before it, scores, the level of a
-- suicide-risk review that is still open. No name. Training journeys only where nobody is treated
-- ($4).
SELECT d.session_id, d.journey_id, d.scheduled_at,
       coalesce(b.booked_at, d.scheduled_at) AS booked_at,
       r.open_risk, g.first_dose_at, g.last_dose_at, coalesce(a.scores, '[]'::jsonb) AS scores
FROM sessions d
JOIN journeys j USING (journey_id)
LEFT JOIN LATERAL (
    SELECT min(e.at) AS booked_at
    FROM journey_events e
    WHERE e.journey_id = d.journey_id AND e.kind IN ('SessionBooked', 'SessionRebooked')
      AND e.data ->> 'session_id' = d.session_id
) AS b ON true
LEFT JOIN LATERAL (
    SELECT min(s.dosed_at) AS first_dose_at, max(s.dosed_at) AS last_dose_at
    FROM sessions s
    WHERE s.journey_id = d.journey_id AND s.dosed_at IS NOT NULL
) AS g ON true
LEFT JOIN LATERAL (
    SELECT t.evidence ->> 'level' AS open_risk
    FROM tasks t
    WHERE t.journey_id = d.journey_id AND t.kind = 'suicide_risk_review' AND t.status = 'pending'
    ORDER BY array_position(ARRAY['high', 'moderate', 'low'], t.evidence ->> 'level')
    LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
               jsonb_build_object('instrument', s.instrument, 'total', s.total,
                                  'suicidality', s.suicidality, 'taken_at', s.taken_at)
               ORDER BY s.taken_at, s.sequence, s.ordinal
           ) AS scores
    FROM assessments s
    WHERE s.journey_id = d.journey_id
) AS a ON true
WHERE ($1::text[] IS NULL OR d.clinic = ANY ($1)) AND d.clinic = $2 AND d.modality = $3
  AND d.scheduled_at IS NOT NULL AND d.dosed_at IS NULL AND d.ended_at IS NULL
  AND d.lost_at IS NULL AND NOT j.closed AND ($4::boolean OR NOT j.training)
ORDER BY d.session_id
