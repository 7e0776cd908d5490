-- What the page of one journey shows. Every statement takes the clinics that the asker may see ($1;
-- NULL: all) and the journey ($2), and gives at most so many rows: a journey of years costs no more
-- than a new one.

-- name: journey_story
-- The facts of a journey and of its sessions, the newest first, before the cursor ($3). Of people,
-- of the machine, or of some kinds ($5), as $4 says.
SELECT id, workflow_id, journey_id, clinic, sequence, kind, at, recorded_at, actor_id,
       actor_role, command_id, data
FROM journey_events
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
  AND ($3::bigint IS NULL OR id < $3)
  AND CASE $4::text WHEN 'people' THEN actor_role <> 'system'
                    WHEN 'machine' THEN actor_role = 'system'
                    WHEN 'safety' THEN kind = ANY ($5::text[])
                    ELSE true END
ORDER BY id DESC
LIMIT $6

-- name: newest_facts
-- The newest facts of some kinds, the newest first.
SELECT id, workflow_id, journey_id, clinic, sequence, kind, at, recorded_at, actor_id,
       actor_role, command_id, data
FROM journey_events
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2 AND kind = ANY ($3::text[])
ORDER BY id DESC
LIMIT $4

-- name: newest_decisions
-- Tasks on which somebody has decided, the newest first.
SELECT * FROM tasks
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2 AND votes <> '[]'
ORDER BY requested_at DESC, task_id
LIMIT $3

-- name: newest_task_of_kind
-- The last task of one kind, whatever its status.
SELECT * FROM tasks
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2 AND kind = $3
ORDER BY requested_at DESC, task_id DESC
LIMIT 1

-- name: newest_messages
-- What was sent to whom by role, the newest first; neither addresses nor words.
SELECT template, channel, kind, recipient_role, status, attempts, claimed_at, sent_at
FROM notifications
WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
ORDER BY claimed_at DESC, workflow_id, occurrence
LIMIT $3

-- name: newest_sessions
-- The last treatment days, in their order.
SELECT * FROM (
    SELECT * FROM sessions
    WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
    ORDER BY scheduled_at DESC NULLS FIRST, session_id DESC
    LIMIT $3
) AS newest
ORDER BY scheduled_at NULLS LAST, session_id

-- name: newest_scores
-- The last scored assessments, in their order.
SELECT instrument, total, suicidality, taken_at FROM (
    SELECT * FROM assessments
    WHERE ($1::text[] IS NULL OR clinic = ANY ($1)) AND journey_id = $2
    ORDER BY taken_at DESC, sequence DESC, ordinal DESC
    LIMIT $3
) AS newest
ORDER BY taken_at, instrument, sequence, ordinal

-- name: protocol_of_journey
-- The values a journey is treated by, where the record has them.
SELECT p.content
FROM journey_protocols k JOIN protocol_versions p USING (digest) JOIN journeys j USING (journey_id)
WHERE ($1::text[] IS NULL OR j.clinic = ANY ($1)) AND k.journey_id = $2
