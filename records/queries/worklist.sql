-- The worklist. Its first value, where a list is read, is the clinics that the asker may see; NULL
-- means all. Filters that are not asked for are NULL and fold away: the server plans each anew.

-- name: worklist_open
-- What waits, by deadline; after the cursor ($4 moment, $5 id).
-- $2 now, $3 how many; $6 due from, $7 due before; $8 $9 $10 clinic, beginning and end of its day:
-- due on that day; $11 kinds, $12 and besides what is overdue on a journey that needs attention;
-- $13 held by one of these; $15 what waits on one of these roles and has no vote like $14, the
-- asker's; $16 snoozed ones too; filters: $17 clinic, $18 role, $19 kind, $20 journey, $21 part of
-- the title, $22 held by, $23 held by nobody; $24 priority's rank by the kinds $25 with ranks $26;
-- $27 tasks seen decided, left out until they are at version $28; $29 these alone; $30 of those of
-- $13 whose tasks are meant at the clinics $31 only, pair by pair.
WITH page AS (
    SELECT t.*, h.version AS handling_version, h.entered_at, h.claimed_by, h.claimed_at,
           h.assigned_by, h.snoozed_until, h.snooze_reason, h.raised_rank, h.raise_reason,
           h.reminded_at, h.changed_by, h.changed_at
    FROM tasks t LEFT JOIN task_handling h ON h.task_id = t.task_id
    WHERE t.status = 'pending'
      AND ($1::text[] IS NULL OR t.clinic = ANY ($1))
      AND ($4::text IS NULL OR (t.due_at, t.task_id) > ($4::text::timestamptz, $5::text))
      AND ($6::timestamptz IS NULL OR t.due_at >= $6)
      AND ($7::timestamptz IS NULL OR t.due_at < $7)
      AND ($8::text[] IS NULL OR t.due_at >= ($9::timestamptz[])[array_position($8, t.clinic)]
           AND t.due_at < ($10::timestamptz[])[array_position($8, t.clinic)])
      AND ($11::text[] IS NULL OR t.kind = ANY ($11) OR ($12::boolean AND t.due_at < $2
           AND t.journey_id IN (SELECT journey_id FROM journeys WHERE attention)))
      AND ($13::text[] IS NULL OR h.claimed_by = ANY ($13))
      AND ($30::text[] IS NULL OR array_position($30, h.claimed_by) IS NULL
           OR (h.claimed_by, t.clinic) IN (SELECT * FROM unnest($30, $31::text[])))
      AND ($15::text[] IS NULL OR ((t.still_needed && $15 OR t.stand_ins && $15)
           AND (t.votes = '[]' OR NOT t.votes @> $14::jsonb)))
      AND ($16::boolean OR h.snoozed_until IS NULL OR h.snoozed_until <= $2)
      AND ($17::text IS NULL OR t.clinic = $17)
      AND ($18::text IS NULL OR t.still_needed && ARRAY[$18] OR t.stand_ins && ARRAY[$18])
      AND ($19::text IS NULL OR t.kind = $19)
      AND ($20::text IS NULL OR t.journey_id = $20)
      AND ($21::text IS NULL OR t.title ILIKE $21)
      AND ($22::text IS NULL OR h.claimed_by = $22)
      AND (NOT $23::boolean OR h.claimed_by IS NULL)
      AND ($24::integer IS NULL OR $24 = greatest(0, least(
          coalesce(h.raised_rank, 3),
          coalesce(($26::integer[])[array_position($25::text[], t.kind)], 2)
          - (t.due_at < $2)::integer)))
      AND ($27::text[] IS NULL OR array_position($27, t.task_id) IS NULL
           OR t.version >= ($28::integer[])[array_position($27, t.task_id)])
      AND ($29::text[] IS NULL OR t.task_id = ANY ($29))
    ORDER BY t.due_at, t.task_id
    LIMIT $3
)
SELECT p.*, j.patient_name, j.phase, coalesce(j.training, false) AS training,
       coalesce(j.attention, false) AS attention
FROM page p LEFT JOIN journeys j ON j.journey_id = p.journey_id
ORDER BY p.due_at, p.task_id

-- name: worklist_counts
-- How many of each preset, in one look. $2 now; $3 $4 $5 each clinic's day; $6 safety kinds,
-- $7 held by one of these, $8 a vote of the asker's, $9 their roles, $10 kinds that wait on the patient, $11 on
-- the payer; $12 tasks seen decided, left out until at version $13; $14 of those of $7 whose tasks
-- are meant at the clinics $15 only, pair by pair.
-- Kinds are few and tasks are many: what depends on the kind alone is asked once for each kind.
WITH by_kind AS (
    SELECT t.kind,
           t.task_id NOT IN (SELECT task_id FROM task_handling WHERE snoozed_until > $2) AS awake,
           count(*) AS waiting, count(*) FILTER (WHERE t.due_at < $2) AS overdue,
           count(*) FILTER (WHERE t.due_at < $2
               AND t.journey_id IN (SELECT journey_id FROM journeys WHERE attention)) AS needed_now,
           count(*) FILTER (WHERE
               t.due_at < (SELECT max(ends_at) FROM unnest($5::timestamptz[]) AS ends_at)
               AND t.due_at >= (SELECT min(begins_at) FROM unnest($4::timestamptz[]) AS begins_at)
               AND t.due_at >= ($4::timestamptz[])[array_position($3::text[], t.clinic)]
               AND t.due_at < ($5::timestamptz[])[array_position($3::text[], t.clinic)]) AS due_today,
           count(*) FILTER (WHERE (t.still_needed && $9::text[] OR t.stand_ins && $9::text[])
               AND (t.votes = '[]' OR NOT t.votes @> $8::jsonb)) AS my_roles
    FROM tasks t
    WHERE t.status = 'pending' AND ($1::text[] IS NULL OR t.clinic = ANY ($1))
      AND ($12::text[] IS NULL OR array_position($12, t.task_id) IS NULL
           OR t.version >= ($13::integer[])[array_position($12, t.task_id)])
    GROUP BY 1, 2
)
SELECT coalesce(sum(CASE WHEN kind = ANY ($6::text[]) THEN waiting ELSE needed_now END), 0)::bigint
           AS now,
       coalesce(sum(due_today) FILTER (WHERE awake), 0)::bigint AS due_today,
       coalesce(sum(overdue), 0)::bigint AS overdue,
       (SELECT count(*) FROM task_handling h JOIN tasks t ON t.task_id = h.task_id
        WHERE h.claimed_by = ANY ($7::text[]) AND t.status = 'pending'
          AND ($14::text[] IS NULL OR array_position($14, h.claimed_by) IS NULL
               OR (h.claimed_by, t.clinic) IN (SELECT * FROM unnest($14, $15::text[])))
          AND (h.snoozed_until IS NULL OR h.snoozed_until <= $2)
          AND ($1::text[] IS NULL OR t.clinic = ANY ($1))
          AND ($12::text[] IS NULL OR array_position($12, t.task_id) IS NULL
               OR t.version >= ($13::integer[])[array_position($12, t.task_id)])) AS mine,
       coalesce(sum(my_roles) FILTER (WHERE awake), 0)::bigint AS my_roles,
       coalesce(sum(waiting) FILTER (WHERE awake AND kind = ANY ($10::text[])), 0)::bigint
           AS waiting_on_patient,
       coalesce(sum(waiting) FILTER (WHERE awake AND kind = ANY ($11::text[])), 0)::bigint
           AS waiting_on_payer,
       coalesce(sum(waiting) FILTER (WHERE awake), 0)::bigint AS everything,
       coalesce(sum(waiting) FILTER (WHERE NOT awake), 0)::bigint AS snoozed,
       (SELECT count(*) FROM tasks t
        WHERE t.closed_at >= (SELECT min(begins_at) FROM unnest($4::timestamptz[]) AS begins_at)
          AND t.status IN ('approved', 'declined', 'done')
          AND ($1::text[] IS NULL OR t.clinic = ANY ($1))
          AND t.closed_at >= ($4::timestamptz[])[array_position($3::text[], t.clinic)]) AS done_today
FROM by_kind

-- name: worklist_done
-- What people finished on their clinic's day, the last first; after the cursor ($8 moment, $9 id).
-- $2 how many; $3 $4 clinics and the beginning of their day; filters: $5 clinic, $6 kind, $7 part of
-- the title, $10 journey.
WITH page AS (
    SELECT t.*, h.version AS handling_version, h.entered_at, h.claimed_by, h.claimed_at,
           h.assigned_by, h.snoozed_until, h.snooze_reason, h.raised_rank, h.raise_reason,
           h.reminded_at, h.changed_by, h.changed_at
    FROM tasks t LEFT JOIN task_handling h ON h.task_id = t.task_id
    WHERE t.closed_at >= (SELECT min(begins_at) FROM unnest($4::timestamptz[]) AS begins_at)
      AND t.closed_at >= ($4::timestamptz[])[array_position($3::text[], t.clinic)]
      AND t.status IN ('approved', 'declined', 'done')
      AND ($1::text[] IS NULL OR t.clinic = ANY ($1))
      AND ($5::text IS NULL OR t.clinic = $5)
      AND ($6::text IS NULL OR t.kind = $6)
      AND ($7::text IS NULL OR t.title ILIKE $7)
      AND ($10::text IS NULL OR t.journey_id = $10)
      AND ($8::text IS NULL OR (t.closed_at, t.task_id) < ($8::text::timestamptz, $9::text))
    ORDER BY t.closed_at DESC, t.task_id DESC
    LIMIT $2
)
SELECT p.*, j.patient_name, j.phase, coalesce(j.training, false) AS training,
       coalesce(j.attention, false) AS attention
FROM page p LEFT JOIN journeys j ON j.journey_id = p.journey_id
ORDER BY p.closed_at DESC, p.task_id DESC

-- name: worklist_task
-- One task with its handling, whatever its status.
SELECT t.*, h.version AS handling_version, h.entered_at, h.claimed_by, h.claimed_at,
       h.assigned_by, h.snoozed_until, h.snooze_reason, h.raised_rank, h.raise_reason,
       h.reminded_at, h.changed_by, h.changed_at,
       j.patient_name, j.phase, coalesce(j.training, false) AS training,
       coalesce(j.attention, false) AS attention
FROM tasks t
LEFT JOIN task_handling h ON h.task_id = t.task_id
LEFT JOIN journeys j ON j.journey_id = t.journey_id
WHERE ($1::text[] IS NULL OR t.clinic = ANY ($1)) AND t.task_id = $2

-- name: acts_of_task
-- Everything that was done with a task, oldest first.
SELECT a.* FROM task_acts a
WHERE ($1::text[] IS NULL OR a.clinic = ANY ($1)) AND a.task_id = $2
ORDER BY a.version

-- name: steps_of_task
-- What became of a task by itself: the engine's reminders, escalations, its end. A colleague's
-- reminder is an act and is told there.
SELECT at, kind, actor_id, actor_role, data ->> 'owed_to' AS owed_to, data ->> 'status' AS status
FROM journey_events
WHERE ($1::text[] IS NULL OR clinic = ANY ($1))
  AND workflow_id = split_part($2, '~', 1) AND data ->> 'task_id' = $2
  AND kind IN ('TaskReminded', 'TaskEscalated', 'TaskClosed')
  AND (kind <> 'TaskReminded' OR actor_role = 'system')
ORDER BY sequence

-- name: begin_handling
-- The first act on a task finds it untouched; what it entered the queue by is kept from here on.
INSERT INTO task_handling (task_id, entered_at)
SELECT task_id, greatest(requested_at, coalesce(opens_at, requested_at)) FROM tasks
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND task_id = $2
ON CONFLICT (task_id) DO NOTHING

-- name: hold_handling
-- Nobody else acts on this task until we are done.
SELECT h.*, t.clinic, t.kind, t.status, t.due_at, t.still_needed, t.stand_ins, t.owed_to
FROM task_handling h JOIN tasks t ON t.task_id = h.task_id
WHERE ($1::text[] IS NULL OR t.clinic = ANY ($1)) AND h.task_id = $2
FOR UPDATE OF h

-- name: act_of_command
SELECT version FROM task_acts WHERE task_id = $1 AND actor_id = $2 AND command_id = $3

-- name: set_handling
-- Compare and set: the version before this act is the one that was judged.
UPDATE task_handling SET
    version = $2, claimed_by = $3, claimed_at = $4, assigned_by = $5, snoozed_until = $6,
    snooze_reason = $7, raised_rank = $8, raise_reason = $9, reminded_at = $10, changed_by = $11,
    changed_at = $12
WHERE task_id = $1 AND version = $2 - 1

-- name: add_act
INSERT INTO task_acts (
    task_id, clinic, version, act, actor_id, actor_role, command_id, person, until_at, rank,
    reason, at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: stands_in_for
-- Whose tasks are theirs meanwhile, and at which clinics (NULL: all).
SELECT person, clinics FROM absences
WHERE delegate = $1 AND from_at <= $2 AND until_at > $2 AND ended_at IS NULL

-- name: absences_of
-- Absences that are not over, of a person or in which they stand in.
SELECT * FROM absences
WHERE (person = $1 OR delegate = $1) AND until_at > $2 AND ended_at IS NULL
ORDER BY from_at, absence_id

-- name: add_absence
INSERT INTO absences (person, delegate, from_at, until_at, told_by, clinics)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING *

-- name: end_absence
-- Taken back by whoever is away, or whoever said so.
UPDATE absences SET ended_at = now(), ended_by = $2
WHERE absence_id = $1 AND (person = $2 OR told_by = $2) AND ended_at IS NULL
RETURNING absence_id

-- name: saved_filters
-- A person's own filters and those shared with their clinics.
SELECT * FROM saved_filters
WHERE owner = $2
   OR (shared_with IS NOT NULL AND ($1::text[] IS NULL OR shared_with = ANY ($1)))
ORDER BY owner <> $2, name, filter_id

-- name: save_filter
-- The same name again says it anew.
INSERT INTO saved_filters (owner, name, query, shared_with) VALUES ($1, $2, $3, $4)
ON CONFLICT (owner, name) DO UPDATE SET
    query = excluded.query, shared_with = excluded.shared_with, saved_at = now()
RETURNING *

-- name: forget_filter
DELETE FROM saved_filters WHERE filter_id = $1 AND owner = $2 RETURNING filter_id

-- name: worklist_moment
-- Everything older than this is seen by whoever reads next.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS upto

-- name: worklist_news
-- What happened to tasks since the moment $1, of the kinds $2, and up to which moment that is. As
-- in the feed, only what no transaction under way can still precede: nothing is told twice or lost.
SELECT s.upto::text AS upto, n.task_id, n.clinic, n.what, n.actor_id
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS upto) s
LEFT JOIN LATERAL (
    SELECT e.data ->> 'task_id' AS task_id, e.clinic, e.kind AS what, e.actor_id
    FROM journey_events e
    WHERE e.transaction_id >= $1::text::xid8 AND e.transaction_id < s.upto AND e.kind = ANY ($2)
    UNION ALL
    SELECT a.task_id, a.clinic, a.act, a.actor_id
    FROM task_acts a
    WHERE a.transaction_id >= $1::text::xid8 AND a.transaction_id < s.upto
    LIMIT $3
) n ON true
