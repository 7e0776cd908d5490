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

-- name: journey_over
-- Whether the record knows this journey as closed. A closing that comes meanwhile waits for the
-- claim that asks, and ends what it took.
SELECT ended_at IS NOT NULL FROM people_known WHERE journey_id = $1 FOR UPDATE

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
    UPDATE people_known SET claimed_at = clock_timestamp() WHERE journey_id = $1
)
UPDATE identity_marks mine SET namesake = (
    SELECT coalesce(max(o.namesake) + 1, 0) FROM identity_marks o WHERE o.mark = mine.mark
)
WHERE mine.journey_id = $1

-- name: give_up_course
UPDATE identity_marks SET namesake = NULL WHERE journey_id = $1 AND namesake IS NOT NULL

-- name: day_in_force
-- Whether a treatment day of this journey may still be given: its place is held or firm, no end of
-- it is on record, and it is not over yet; for a patient who was admitted to it, not before the
-- time ($2) in which the record would have heard of any end.
SELECT EXISTS (
    SELECT FROM stays s LEFT JOIN sessions d USING (session_id)
    WHERE s.journey_id = $1 AND s.stay && tstzrange(now() - $2::interval, NULL)
      AND d.ended_at IS NULL AND d.lost_at IS NULL
      AND (s.status = 'confirmed' OR (s.status = 'held' AND s.expires_at > clock_timestamp()))
      AND upper(s.stay)
          + CASE WHEN d.checked_in_at IS NULL THEN interval '0' ELSE $2::interval END
          > clock_timestamp()
)

-- name: hand_over_course
-- A transferred journey's course, given up to the clinic that it was transferred to ($2).
UPDATE identity_marks m SET namesake = NULL
FROM people_known p
WHERE m.journey_id = $1 AND m.namesake IS NOT NULL
  AND p.journey_id = m.journey_id AND p.transferred_to = $2

-- name: note_transfer
UPDATE people_known SET transferred_to = $2 WHERE journey_id = $1

-- name: end_journey
-- The journey has closed: it claims nothing from now on. Its course ends in the next statement,
-- which sees what a claim that was under way has taken.
UPDATE people_known SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE journey_id = $1

-- name: settle_identity
-- What people last said of two journeys.
INSERT INTO identity_verdicts (one, other, different, at)
VALUES (least($1::text, $2::text), greatest($1::text, $2::text), $3, $4)
ON CONFLICT (one, other) DO UPDATE SET different = excluded.different, at = excluded.at
WHERE identity_verdicts.at <= excluded.at
