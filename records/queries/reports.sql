-- Reports: how treatment goes at a clinic over a period. Every one of them takes the clinics that
-- the asker may see ($1; NULL: all), one clinic ($2; NULL: all of those), from when ($3) until when
-- ($4, not included) and which journeys ($5: those of training, or those of patients; never both).
-- They give numbers and codes, and nothing about anybody.

-- name: report_response
-- Response and remission by week of treatment, each instrument against its own baseline: of the
-- journeys whose first dose was in the period, the last score of each week. The bounds are those of
-- the clinic's protocol: response $6 percent, remission on PHQ-9 below $7, QIDS up to $8, MADRS up
-- to $9; worse by $10 percent or $11 points of PHQ-9 is never either. Whoever came in the middle of
-- treatment has another week 1 elsewhere and is not counted.
WITH treated AS (
    SELECT DISTINCT s.journey_id
    FROM sessions s JOIN journeys j USING (journey_id)
    WHERE ($1::text[] IS NULL OR s.clinic = ANY ($1)) AND ($2::text IS NULL OR s.clinic = $2)
      AND s.dosed_at >= $3::timestamptz AND s.dosed_at < $4::timestamptz
      AND j.training = $5::boolean
), began AS (
    SELECT t.journey_id, first.dosed_at
    FROM treated t CROSS JOIN LATERAL (
        SELECT min(s.dosed_at) AS dosed_at FROM sessions s WHERE s.journey_id = t.journey_id
    ) AS first
    WHERE first.dosed_at >= $3::timestamptz AND NOT EXISTS (
        SELECT FROM journey_events e
        WHERE e.journey_id = t.journey_id AND e.kind = 'HistoryCarried'
    )
), scored AS (
    SELECT a.journey_id, a.instrument, a.total, a.taken_at, a.sequence, a.ordinal, b.dosed_at,
           floor(extract(epoch FROM a.taken_at - b.dosed_at) / 604800)::integer + 1 AS week
    FROM began b JOIN assessments a USING (journey_id)
    WHERE a.instrument IN ('phq9', 'madrs', 'qids_sr16')
), baseline AS (
    SELECT DISTINCT ON (journey_id, instrument) journey_id, instrument, total AS before
    FROM scored
    WHERE taken_at < dosed_at
    ORDER BY journey_id, instrument, taken_at DESC, sequence DESC, ordinal DESC
), weekly AS (
    SELECT DISTINCT ON (journey_id, instrument, week) journey_id, instrument, week, total
    FROM scored
    WHERE taken_at >= dosed_at
    ORDER BY journey_id, instrument, week, taken_at DESC, sequence DESC, ordinal DESC
), judged AS (
    SELECT instrument, week,
        (total - before) * 100 >= $10::float * before
            OR (instrument = 'phq9' AND total - before >= $11::float) AS worse,
        (before - total) * 100 >= $6::float * before AS fell,
        CASE instrument WHEN 'phq9' THEN total < $7::float
                        WHEN 'qids_sr16' THEN total <= $8::float
                        ELSE total <= $9::float END AS remitted
    FROM weekly JOIN baseline USING (journey_id, instrument)
    WHERE before > 0
)
SELECT instrument, week, count(*) AS assessed,
       count(*) FILTER (WHERE NOT worse AND (fell OR remitted)) AS responded,
       count(*) FILTER (WHERE NOT worse AND remitted) AS remitted
FROM judged
GROUP BY instrument, week
ORDER BY instrument, week

-- name: report_time_in_phase
-- Stays in each phase that began in the period: how many ended, how long those took.
WITH entered AS (
    SELECT e.id, e.journey_id, e.at, e.data ->> 'phase' AS phase
    FROM journey_events e JOIN journeys j USING (journey_id)
    WHERE e.kind = 'PhaseEntered'
      AND ($1::text[] IS NULL OR e.clinic = ANY ($1)) AND ($2::text IS NULL OR e.clinic = $2)
      AND e.at >= $3::timestamptz AND e.at < $4::timestamptz AND j.training = $5::boolean
), stays AS (
    SELECT entered.phase, extract(epoch FROM after.at - entered.at) / 86400 AS days
    FROM entered LEFT JOIN LATERAL (
        SELECT next.at FROM journey_events next
        WHERE next.journey_id = entered.journey_id AND next.kind = 'PhaseEntered'
          AND (next.at, next.id) > (entered.at, entered.id)
        ORDER BY next.at, next.id LIMIT 1
    ) AS after ON true
)
SELECT phase, count(*) AS entered, count(days) AS ended,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS median_days,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS nine_in_ten_days
FROM stays
WHERE phase <> 'CLOSED'
GROUP BY phase
ORDER BY phase

-- name: report_overdue
-- What fell due in the period until now ($6), by the role it is or was owed to last.
SELECT t.owed_to AS role, count(*) AS fell_due,
       count(*) FILTER (WHERE t.closed_at <= t.due_at) AS in_time,
       count(*) FILTER (WHERE t.closed_at > t.due_at) AS late,
       count(*) FILTER (WHERE t.closed_at IS NULL) AS still_overdue,
       count(*) FILTER (WHERE t.escalated > 0) AS escalated,
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM coalesce(t.closed_at, $6::timestamptz) - t.due_at) / 3600
       ) FILTER (WHERE t.closed_at IS NULL OR t.closed_at > t.due_at) AS median_hours_late
FROM tasks t LEFT JOIN journeys j USING (journey_id)
WHERE ($1::text[] IS NULL OR t.clinic = ANY ($1)) AND ($2::text IS NULL OR t.clinic = $2)
  AND t.due_at >= $3::timestamptz AND t.due_at < least($4::timestamptz, $6::timestamptz)
  AND coalesce(j.training, false) = $5::boolean AND t.status <> 'cancelled'
GROUP BY t.owed_to
ORDER BY t.owed_to

-- name: report_sessions
-- Treatment days that were dosed in the period: which were paused, stopped, not finished.
SELECT coalesce(s.modality, 'unknown') AS modality, count(*) AS dosed,
       count(*) FILTER (WHERE (s.result ->> 'pauses')::integer > 0) AS with_pauses,
       coalesce(sum((s.result ->> 'pauses')::integer), 0) AS pauses,
       count(*) FILTER (WHERE (s.result ->> 'stop_events')::integer > 0) AS stopped,
       count(*) FILTER (WHERE s.outcome = 'completed') AS completed,
       count(*) FILTER (WHERE s.outcome = 'partial') AS partly,
       count(*) FILTER (WHERE s.outcome = 'aborted') AS broken_off,
       count(*) FILTER (WHERE (s.result ->> 'serious_events')::integer > 0) AS with_serious_events
FROM sessions s JOIN journeys j USING (journey_id)
WHERE ($1::text[] IS NULL OR s.clinic = ANY ($1)) AND ($2::text IS NULL OR s.clinic = $2)
  AND s.dosed_at >= $3::timestamptz AND s.dosed_at < $4::timestamptz AND j.training = $5::boolean
GROUP BY 1
ORDER BY 1

-- name: report_escalations
-- Tasks that went on to somebody else in the period, because nobody had answered.
SELECT e.data ->> 'kind' AS kind, e.data ->> 'owed_to' AS role, count(*) AS escalations,
       count(DISTINCT e.data ->> 'task_id') AS tasks
FROM journey_events e LEFT JOIN journeys j USING (journey_id)
WHERE e.kind = 'TaskEscalated'
  AND ($1::text[] IS NULL OR e.clinic = ANY ($1)) AND ($2::text IS NULL OR e.clinic = $2)
  AND e.at >= $3::timestamptz AND e.at < $4::timestamptz
  AND coalesce(j.training, false) = $5::boolean
GROUP BY 1, 2
ORDER BY 1, 2

-- name: report_first_contact
-- Safety signals of the period, and until a person answered: a risk is answered by whoever takes it
-- in hand, reaches the patient or decides its review; an order at the chair by its acknowledgement.
-- The same danger that shows again before anybody has answered is one signal.
WITH signals AS (
    SELECT DISTINCT ON (e.workflow_id, e.kind, coalesce(e.data ->> 'alert', e.data ->> 'order_id'))
           e.journey_id, e.workflow_id, e.at, e.kind,
           coalesce(e.data ->> 'alert', e.data ->> 'order_id') AS key,
           coalesce(e.data ->> 'level', e.data ->> 'action') AS level
    FROM journey_events e JOIN journeys j USING (journey_id)
    WHERE e.kind IN ('SuicideRiskRaised', 'OrderGiven')
      AND ($1::text[] IS NULL OR e.clinic = ANY ($1)) AND ($2::text IS NULL OR e.clinic = $2)
      AND e.at >= $3::timestamptz AND e.at < $4::timestamptz AND j.training = $5::boolean
    ORDER BY e.workflow_id, e.kind, coalesce(e.data ->> 'alert', e.data ->> 'order_id'), e.at, e.id
), answered AS (
    SELECT s.kind, s.level, extract(epoch FROM least(
        CASE WHEN s.kind = 'SuicideRiskRaised' THEN (
            SELECT min(a.at) FROM journey_events a
            WHERE a.journey_id = s.journey_id AND a.kind = 'RiskAcknowledged' AND a.at >= s.at
              AND a.data ->> 'alert' = s.key
        ) END,
        CASE WHEN s.kind = 'SuicideRiskRaised' THEN (
            SELECT min(a.at) FROM journey_events a
            WHERE a.journey_id = s.journey_id AND a.kind = 'ContactMade' AND a.at >= s.at
              AND a.data ->> 'whom' = 'patient' AND a.actor_role NOT IN ('patient', 'system')
        ) END,
        CASE WHEN s.kind = 'SuicideRiskRaised' THEN (
            SELECT min(a.at) FROM journey_events a
            WHERE a.journey_id = s.journey_id AND a.kind = 'TaskVoted' AND a.at >= s.at
              AND a.data ->> 'kind' = 'suicide_risk_review'
        ) END,
        CASE WHEN s.kind = 'OrderGiven' THEN (
            SELECT min(a.at) FROM journey_events a
            WHERE a.journey_id = s.journey_id AND a.kind = 'OrderAcknowledged' AND a.at >= s.at
              AND a.workflow_id = s.workflow_id AND a.data ->> 'order_id' = s.key
        ) END
    ) - s.at) / 60 AS minutes
    FROM signals s
)
SELECT kind AS signal, level, count(*) AS signals, count(minutes) AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes) AS median_minutes,
       max(minutes) AS longest_minutes
FROM answered
GROUP BY kind, level
ORDER BY kind, level
