-- name: begin_journey
INSERT INTO journeys (
    journey_id, clinic, phase, training, protocol_version, began_at,
    patient_name, patient_birth_date
) VALUES ($1, $2, 'REFERRAL', $3, $4, $5, $6, $7)
ON CONFLICT (journey_id) DO UPDATE SET
    training = excluded.training,
    began_at = excluded.began_at,
    patient_name = excluded.patient_name,
    patient_birth_date = excluded.patient_birth_date,
    updated_at = now()

-- name: name_patient
-- The referral was completed: now the journey has a name.
UPDATE journeys
SET patient_name = $2, patient_birth_date = $3, updated_at = now()
WHERE journey_id = $1

-- name: enter_phase
-- A card that was sent after this fact knows better which phase it is now.
UPDATE journeys SET
    phase = CASE WHEN card_sequence < $4 THEN $2 ELSE phase END,
    phase_entered_at = $3,
    updated_at = now()
WHERE journey_id = $1

-- name: close_journey
UPDATE journeys SET closed = true, updated_at = now() WHERE journey_id = $1

-- name: pin_protocol
UPDATE journeys SET protocol_version = $2, updated_at = now()
WHERE journey_id = $1 AND card_sequence < $3

-- name: open_task
INSERT INTO tasks (
    task_id, workflow_id, journey_id, session_id, clinic, kind, is_approval, key, title,
    slots, still_needed, stand_ins, owed_to, options, evidence, requested_by_id,
    requested_by_role, requested_at, opens_at, due_at, next_at, on_expiry, reminded, escalated,
    version, status, votes
)
SELECT
    t.task_id, $1, $2, t.session_id, $3, t.kind, $5, t.key, t.title,
    t.slots, t.slots, t.stand_ins, t.owed_to, t.options, t.evidence, t.requested_by ->> 'id',
    t.requested_by ->> 'role', t.requested_at, t.opens_at, t.due_at, t.next_at, t.on_expiry,
    t.reminded, t.escalated, t.version, 'pending', t.votes
FROM jsonb_to_record($4) AS t (
    task_id text, session_id text, kind text, key text, title text, slots text[],
    stand_ins text[], owed_to text, options text[], evidence jsonb, requested_by jsonb,
    requested_at timestamptz, opens_at timestamptz, due_at timestamptz, next_at timestamptz,
    on_expiry text, reminded integer, escalated integer, version integer, votes jsonb
)
ON CONFLICT (task_id) DO NOTHING

-- name: remind_task
UPDATE tasks SET next_at = coalesce($2, next_at), reminded = reminded + 1 WHERE task_id = $1

-- name: escalate_task
-- The next role is told, and may from now on act in place of those who did not answer.
UPDATE tasks SET
    owed_to = $2,
    next_at = coalesce($3, next_at),
    escalated = coalesce($4, escalated + 1),
    stand_ins = CASE WHEN $2 = ANY (stand_ins) THEN stand_ins ELSE stand_ins || $2::text END
WHERE task_id = $1

-- name: vote_on_task
-- One person decided; an approving vote fills one place of their role, or as a stand-in the first.
UPDATE tasks SET
    votes = votes || jsonb_build_array($2::jsonb),
    version = coalesce($3, version),
    still_needed = CASE
        WHEN $2::jsonb ->> 'decision' <> 'approve' THEN still_needed
        WHEN array_position(still_needed, $2::jsonb #>> '{actor,role}') IS NULL THEN
            CASE WHEN $2::jsonb #>> '{actor,role}' = ANY (stand_ins) THEN still_needed[2 :]
                 ELSE still_needed END
        ELSE still_needed[: array_position(still_needed, $2::jsonb #>> '{actor,role}') - 1]
          || still_needed[array_position(still_needed, $2::jsonb #>> '{actor,role}') + 1 :]
    END
WHERE task_id = $1

-- name: close_task
UPDATE tasks SET status = $2, version = coalesce($3, version), closed_at = $4 WHERE task_id = $1

-- name: note_session
-- Add what one fact says about a session. Its journey and its own workflow both tell of it, in
-- either order: nothing known is forgotten, and an ended session stays as it ended.
INSERT INTO sessions (
    session_id, journey_id, clinic, modality, number, attempt, scheduled_at, phase, outcome,
    ordered_mg, drawn_mg, delivered_mg, weight_kg, lot, checked_in_at, dosed_at,
    last_reading_at, last_vitals, ended_at, lost_at, result
)
SELECT
    $1, $2, $3, p.modality, p.number, p.attempt, p.scheduled_at, coalesce(p.phase, 'BOOKED'),
    p.outcome, p.ordered_mg, p.drawn_mg, p.delivered_mg, p.weight_kg, p.lot, p.checked_in_at,
    p.dosed_at, p.last_reading_at, p.last_vitals, p.ended_at, p.lost_at, p.result
FROM jsonb_to_record($4) AS p (
    modality text, number integer, attempt integer, scheduled_at timestamptz, phase text,
    outcome text, ordered_mg double precision, drawn_mg double precision,
    delivered_mg double precision, weight_kg double precision, lot text,
    checked_in_at timestamptz, dosed_at timestamptz, last_reading_at timestamptz,
    last_vitals jsonb, ended_at timestamptz, lost_at timestamptz, result jsonb
)
ON CONFLICT (session_id) DO UPDATE SET
    modality = coalesce(excluded.modality, sessions.modality),
    number = coalesce(excluded.number, sessions.number),
    attempt = coalesce(excluded.attempt, sessions.attempt),
    scheduled_at = coalesce(excluded.scheduled_at, sessions.scheduled_at),
    phase = CASE
        WHEN sessions.ended_at IS NOT NULL THEN sessions.phase
        ELSE coalesce($4::jsonb ->> 'phase', sessions.phase)
    END,
    outcome = coalesce(sessions.result ->> 'outcome', excluded.outcome, sessions.outcome),
    ordered_mg = coalesce(excluded.ordered_mg, sessions.ordered_mg),
    drawn_mg = coalesce(excluded.drawn_mg, sessions.drawn_mg),
    delivered_mg = coalesce(
        (sessions.result ->> 'delivered_mg')::double precision,
        excluded.delivered_mg, sessions.delivered_mg
    ),
    weight_kg = coalesce(excluded.weight_kg, sessions.weight_kg),
    lot = coalesce(excluded.lot, sessions.lot),
    checked_in_at = coalesce(sessions.checked_in_at, excluded.checked_in_at),
    dosed_at = coalesce(sessions.dosed_at, excluded.dosed_at),
    last_reading_at = greatest(sessions.last_reading_at, excluded.last_reading_at),
    last_vitals = CASE
        WHEN excluded.last_vitals IS NULL THEN sessions.last_vitals
        WHEN sessions.last_reading_at > excluded.last_reading_at THEN sessions.last_vitals
        ELSE excluded.last_vitals
    END,
    ended_at = coalesce(sessions.ended_at, excluded.ended_at),
    lost_at = coalesce(sessions.lost_at, excluded.lost_at),
    result = coalesce(sessions.result, excluded.result)

-- name: add_assessment
INSERT INTO assessments (
    workflow_id, sequence, ordinal, journey_id, clinic, instrument, total, suicidality, taken_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workflow_id, sequence, ordinal) DO NOTHING

-- name: hold_all_chains
-- Nothing is appended while the projections are rebuilt.
LOCK TABLE chain_heads IN EXCLUSIVE MODE

-- name: forget_tasks
DELETE FROM tasks

-- name: forget_sessions
DELETE FROM sessions

-- name: forget_assessments
DELETE FROM assessments

-- name: every_line
-- The whole record in the order it was written.
SELECT workflow_id, journey_id, clinic, sequence, kind, at, data FROM journey_events ORDER BY id
