-- name: make_patient_link
-- Keep a new link and say so in the trail. With the same key the link that is still unused gets
-- this token instead of its old one; no row when it was used or revoked, or was for something else.
WITH made AS (
    INSERT INTO patient_links AS ours (
        link_id, token_sha256, journey_id, clinic, purpose, session_id, form, language,
        made_by_id, made_by_role, made_at, command_id, expires_at
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (journey_id, command_id) DO UPDATE SET token_sha256 = excluded.token_sha256
    WHERE ours.used_at IS NULL AND ours.withdrawn_at IS NULL AND ours.revoked_at IS NULL
      AND (ours.purpose, ours.session_id, ours.form, ours.made_by_id)
          IS NOT DISTINCT FROM
          (excluded.purpose, excluded.session_id, excluded.form, excluded.made_by_id)
    RETURNING *
), noted AS (
    INSERT INTO patient_link_audit (at, what, link_id, journey_id, clinic, actor_id, actor_role)
    SELECT $11, 'made', link_id, journey_id, clinic, made_by_id, made_by_role FROM made
)
SELECT * FROM made

-- name: make_patient_link_once
-- Keep a link whose token is always the same, and say so in the trail, both once. Nothing is kept
-- where the journey is closed, has no such treatment day, or no birth date to ask for.
WITH made AS (
    INSERT INTO patient_links (
        link_id, token_sha256, journey_id, clinic, purpose, session_id, language,
        made_by_id, made_by_role, made_at, command_id, expires_at
    )
    SELECT $1, $2, journey_id, clinic, $5, $6, $7, $8, $9, $10, $1, $11
    FROM journeys
    WHERE journey_id = $3 AND clinic = $4 AND NOT closed AND patient_birth_date IS NOT NULL
      AND ($6::text IS NULL
           OR EXISTS (SELECT FROM sessions WHERE session_id = $6 AND journey_id = $3))
    ON CONFLICT DO NOTHING
    RETURNING link_id, journey_id, clinic
)
INSERT INTO patient_link_audit (at, what, link_id, journey_id, clinic, actor_id, actor_role)
SELECT $10, 'made', link_id, journey_id, clinic, $8, $9 FROM made

-- name: patient_links_of_journey
SELECT * FROM patient_links WHERE journey_id = $1 ORDER BY made_at DESC, link_id

-- name: patient_link
SELECT * FROM patient_links WHERE token_sha256 = $1

-- name: patient_link_by_id
SELECT * FROM patient_links WHERE link_id = $1

-- name: try_patient_link
-- Take one try, before anything is compared: tries made at once count each. No row when the link
-- is unknown, over or locked ($3 tries).
UPDATE patient_links SET failed_tries = failed_tries + 1
WHERE token_sha256 = $1 AND expires_at > $2 AND revoked_at IS NULL AND withdrawn_at IS NULL
  AND failed_tries < $3 AND NOT (purpose = 'home_safe' AND used_at IS NOT NULL)
RETURNING *

-- name: note_patient_link
-- A line of the trail.
INSERT INTO patient_link_audit (at, what, link_id, journey_id, clinic, actor_id, actor_role)
SELECT $2, $3, link_id, journey_id, clinic, $4, $5 FROM patient_links WHERE link_id = $1

-- name: open_patient_link
-- The second factor was right: the tries are given back.
WITH opened AS (
    UPDATE patient_links SET failed_tries = 0 WHERE link_id = $1
    RETURNING link_id, journey_id, clinic
)
INSERT INTO patient_link_audit (at, what, link_id, journey_id, clinic)
SELECT $2, 'opened', link_id, journey_id, clinic FROM opened

-- name: hold_patient_link
-- Hold a link for one use until $3; no row when it is over, held by another use, or used. $4 is
-- what it is used for. Nothing stands in the way of a withdrawal while the link lives, and it leaves
-- the hold of a signature on its way to be seen; a journal is written once a day ($5, the beginning
-- of the clinic's day).
UPDATE patient_links
SET held_until = CASE WHEN $4 = 'withdraw' AND held_until > $2 THEN held_until ELSE $3 END
WHERE link_id = $1 AND expires_at > $2 AND revoked_at IS NULL AND withdrawn_at IS NULL
  AND ($4 = 'withdraw' OR held_until IS NULL OR held_until <= $2)
  AND CASE $4
      WHEN 'withdraw' THEN purpose = 'consent'
      WHEN 'write' THEN purpose = 'journal' AND (used_at IS NULL OR used_at < $5)
      WHEN 'sign' THEN purpose = 'consent' AND used_at IS NULL
      WHEN 'home_safe' THEN purpose = 'home_safe' AND used_at IS NULL
  END
RETURNING link_id

-- name: release_patient_link
-- The use came to nothing: the link is as it was before.
UPDATE patient_links SET held_until = NULL WHERE link_id = $1 AND held_until = $2

-- name: use_patient_link
-- The use took effect. A withdrawal that is noted stays, whatever is noted after it.
WITH used AS (
    UPDATE patient_links SET
        held_until = NULL,
        used_at = CASE WHEN $3 = 'withdraw' THEN used_at ELSE $2 END,
        withdrawn_at = CASE WHEN $3 = 'withdraw' THEN $2 ELSE withdrawn_at END
    WHERE link_id = $1
    RETURNING link_id, journey_id, clinic
)
INSERT INTO patient_link_audit (at, what, link_id, journey_id, clinic, actor_id, actor_role)
SELECT $2, CASE WHEN $3 = 'withdraw' THEN 'withdrawn' ELSE 'used' END,
       link_id, journey_id, clinic, $4, $5
FROM used

-- name: revoke_patient_link
-- Take a link back, once; no row when there is no such link of this journey.
WITH known AS (
    SELECT link_id, journey_id, clinic, revoked_at FROM patient_links
    WHERE link_id = $1 AND journey_id = $2 FOR UPDATE
), revoked AS (
    UPDATE patient_links p SET revoked_at = $3 FROM known k
    WHERE p.link_id = k.link_id AND k.revoked_at IS NULL
    RETURNING p.link_id, p.journey_id, p.clinic
), noted AS (
    INSERT INTO patient_link_audit (at, what, link_id, journey_id, clinic, actor_id, actor_role)
    SELECT $3, 'revoked', link_id, journey_id, clinic, $4, $5 FROM revoked
)
SELECT link_id FROM known
