-- name: identity_key
SELECT key FROM identity_key

-- name: make_identity_key
-- Two random ids make the key: 244 bits that nobody can guess.
INSERT INTO identity_key (key)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
ON CONFLICT DO NOTHING

-- name: lock_marks
-- Whoever speaks of one of these marks waits here for whoever does already. In one order, so that
-- two never wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended('identity:' || encode(mark, 'hex'), 0))
FROM unnest($1::bytea[]) AS mark

-- name: know_person
INSERT INTO people_known (journey_id, clinic, training) VALUES ($1, $2, $3)
ON CONFLICT (journey_id) DO NOTHING

-- name: add_marks
INSERT INTO identity_marks (journey_id, mark, kind)
SELECT $1, mark, kind FROM unnest($2::bytea[], $3::text[]) AS m (mark, kind)
ON CONFLICT (journey_id, mark) DO NOTHING

-- name: earlier_matches
-- Open journeys that share a mark and were known before this one, unless people have said already
-- who is who, or the other was transferred to this one's clinic.
SELECT p.journey_id, p.clinic, array_agg(m.kind ORDER BY m.kind) AS agrees_on,
       p.known_at AS since, bool_or(m.namesake IS NOT NULL) AS treating
FROM identity_marks mine
JOIN people_known me ON me.journey_id = mine.journey_id
JOIN identity_marks m ON m.mark = mine.mark AND m.journey_id <> mine.journey_id
JOIN people_known p ON p.journey_id = m.journey_id
WHERE mine.journey_id = $1 AND p.ended_at IS NULL AND p.known_order < me.known_order
  AND p.transferred_to IS DISTINCT FROM me.clinic
  AND NOT EXISTS (
      SELECT FROM identity_verdicts v
      WHERE v.one = least(p.journey_id, $1) AND v.other = greatest(p.journey_id, $1)
  )
GROUP BY p.journey_id
ORDER BY p.known_order

-- name: course_held
-- Whether this journey has its person's active course.
SELECT EXISTS (SELECT FROM identity_marks WHERE journey_id = $1 AND namesake IS NOT NULL)

-- name: course_holders
-- Journeys that have an active course under one of this one's marks, and were not told apart.
SELECT p.journey_id, p.clinic, array_agg(m.kind ORDER BY m.kind) AS agrees_on,
       p.claimed_at AS since, true AS treating
FROM identity_marks mine
JOIN identity_marks m ON m.mark = mine.mark AND m.journey_id <> mine.journey_id
JOIN people_known p ON p.journey_id = m.journey_id
WHERE mine.journey_id = $1 AND m.namesake IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM identity_verdicts v
      WHERE v.different
        AND v.one = least(p.journey_id, $1) AND v.other = greatest(p.journey_id, $1)
  )
GROUP BY p.journey_id
ORDER BY p.known_order

-- name: take_course
WITH me AS (
    UPDATE people_known SET claimed_at = clock_timestamp(), ended_at = NULL WHERE journey_id = $1
)
UPDATE identity_marks mine SET namesake = (
    SELECT coalesce(max(o.namesake) + 1, 0) FROM identity_marks o WHERE o.mark = mine.mark
)
WHERE mine.journey_id = $1

-- name: give_up_course
UPDATE identity_marks SET namesake = NULL WHERE journey_id = $1 AND namesake IS NOT NULL

-- name: hand_over_course
-- A transferred journey's course, given up to the clinic that it was transferred to ($2).
UPDATE identity_marks m SET namesake = NULL
FROM people_known p
WHERE m.journey_id = $1 AND m.namesake IS NOT NULL
  AND p.journey_id = m.journey_id AND p.transferred_to = $2

-- name: note_transfer
UPDATE people_known SET transferred_to = $2 WHERE journey_id = $1

-- name: end_course
-- The journey has closed: its person may be treated elsewhere from now on.
WITH ended AS (
    UPDATE people_known SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE journey_id = $1
)
UPDATE identity_marks SET namesake = NULL WHERE journey_id = $1 AND namesake IS NOT NULL

-- name: settle_identity
-- What people last said of two journeys.
INSERT INTO identity_verdicts (one, other, different, at)
VALUES (least($1::text, $2::text), greatest($1::text, $2::text), $3, $4)
ON CONFLICT (one, other) DO UPDATE SET different = excluded.different, at = excluded.at
WHERE identity_verdicts.at <= excluded.at
