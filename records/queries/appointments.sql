-- name: lock_clinic_day
-- One reservation at a time for each clinic; the exclusion constraint holds whoever comes past it.
SELECT pg_advisory_xact_lock(hashtextextended('clinic-day:' || $1::text || ':' || $2::text, 0))

-- name: sweep_holds
-- Holds nobody confirmed in time give their places back.
WITH expired AS (
    UPDATE stays SET status = 'expired', expires_at = NULL
    WHERE clinic = $1 AND training = $2 AND status = 'held' AND expires_at <= clock_timestamp()
    RETURNING session_id
)
DELETE FROM bookings USING expired WHERE bookings.session_id = expired.session_id

-- name: stay_in_force
-- What a session holds already, at the hour it asks for.
SELECT s.scheduled_at, upper(s.stay) AS ends_at, chair.name AS chair, observer.name AS observer
FROM stays s
JOIN bookings sits ON sits.session_id = s.session_id AND sits.purpose = 'chair'
JOIN places chair ON chair.place_id = sits.place_id
JOIN bookings watched ON watched.session_id = s.session_id AND watched.purpose = 'observation'
JOIN places observer ON observer.place_id = watched.place_id
WHERE s.session_id = $1 AND s.status IN ('held', 'confirmed') AND s.scheduled_at = $2

-- name: name_places
-- The places a clinic has today; what is known already stays as it is.
INSERT INTO places (clinic, training, kind, name)
SELECT $1, $2::boolean, 'chair', 'chair-' || n FROM generate_series(1, $3::integer) AS n
UNION ALL
SELECT $1, $2::boolean, 'nurse', name FROM unnest($4::text[]) AS name
ON CONFLICT ON CONSTRAINT a_place_stands_once DO NOTHING

-- name: free_places
-- Which of some starts ($5) fit, the first ones first, and where: a chair for the whole stay, a
-- nurse who does nothing else from the start until $7 after it, a nurse's free hand before ($6)
-- and after (until $8). The one who observes also cares, where that is possible.
SELECT t.starts_at, chair.place_id AS chair, observer.place_id AS observer,
       before.place_id AS nurse_before, before.hand AS hand_before,
       after.place_id AS nurse_after, after.hand AS hand_after
FROM unnest($5::timestamptz[]) WITH ORDINALITY AS t (starts_at, n)
CROSS JOIN LATERAL (
    SELECT p.place_id FROM places p
    WHERE p.clinic = $1 AND p.training = $2 AND p.kind = 'chair'
      AND p.name IN (SELECT 'chair-' || c FROM generate_series(1, $3::integer) AS c)
      AND NOT EXISTS (
        SELECT FROM bookings b
        WHERE b.hands && int4range(p.place_id * 8, p.place_id * 8 + 8)
          AND b.during && tstzrange(t.starts_at - $6::interval, t.starts_at + $8::interval)
      )
    ORDER BY p.place_id LIMIT 1
) AS chair
CROSS JOIN LATERAL (
    SELECT p.place_id FROM places p
    WHERE p.clinic = $1 AND p.training = $2 AND p.kind = 'nurse' AND p.name = ANY ($4::text[])
      AND NOT EXISTS (
        SELECT FROM bookings b
        WHERE b.hands && int4range(p.place_id * 8, p.place_id * 8 + 8)
          AND b.during && tstzrange(t.starts_at, t.starts_at + $7::interval)
      )
    ORDER BY p.place_id LIMIT 1
) AS observer
CROSS JOIN LATERAL (
    SELECT p.place_id, h AS hand FROM places p, generate_series(0, $9::integer - 1) AS h
    WHERE p.clinic = $1 AND p.training = $2 AND p.kind = 'nurse' AND p.name = ANY ($4::text[])
      AND NOT EXISTS (
        SELECT FROM bookings b
        WHERE b.hands && int4range(p.place_id * 8 + h, p.place_id * 8 + h + 1)
          AND b.during && tstzrange(t.starts_at - $6::interval, t.starts_at)
      )
    ORDER BY p.place_id <> observer.place_id, p.place_id, h LIMIT 1
) AS before
CROSS JOIN LATERAL (
    SELECT p.place_id, h AS hand FROM places p, generate_series(0, $9::integer - 1) AS h
    WHERE p.clinic = $1 AND p.training = $2 AND p.kind = 'nurse' AND p.name = ANY ($4::text[])
      AND NOT EXISTS (
        SELECT FROM bookings b
        WHERE b.hands && int4range(p.place_id * 8 + h, p.place_id * 8 + h + 1)
          AND b.during && tstzrange(t.starts_at + $7::interval, t.starts_at + $8::interval)
      )
    ORDER BY p.place_id <> observer.place_id, p.place_id, h LIMIT 1
) AS after
ORDER BY t.n
LIMIT $10

-- name: clear_bookings
DELETE FROM bookings WHERE session_id = $1

-- name: hold_stay
INSERT INTO stays (
    session_id, journey_id, clinic, training, scheduled_at, stay, status, expires_at
) VALUES (
    $1, $2, $3, $4, $5::timestamptz,
    tstzrange($5::timestamptz - $6::interval, $5::timestamptz + $7::interval), 'held',
    clock_timestamp() + $8::interval
)
ON CONFLICT (session_id) DO UPDATE SET
    scheduled_at = excluded.scheduled_at, stay = excluded.stay, status = 'held',
    expires_at = excluded.expires_at, because = NULL

-- name: book_places
-- A hand of NULL takes the whole of a place.
INSERT INTO bookings (session_id, purpose, place_id, hands, during)
SELECT $1, b.purpose, b.place_id,
       CASE WHEN b.hand IS NULL THEN int4range(b.place_id * 8, b.place_id * 8 + 8)
            ELSE int4range(b.place_id * 8 + b.hand, b.place_id * 8 + b.hand + 1) END,
       tstzrange(b.from_at, b.to_at)
FROM unnest($2::text[], $3::integer[], $4::integer[], $5::timestamptz[], $6::timestamptz[])
    AS b (purpose, place_id, hand, from_at, to_at)
WHERE b.from_at < b.to_at

-- name: confirm_stay
-- A hold that has expired cannot be confirmed, whether or not it was swept.
UPDATE stays SET status = 'confirmed', expires_at = NULL
WHERE session_id = $1
  AND (status = 'confirmed' OR (status = 'held' AND expires_at > clock_timestamp()))
RETURNING scheduled_at, upper(stay) AS ends_at

-- name: release_stay
-- What lies behind the moment of release was used; the rest is free for others.
UPDATE stays SET
    status = 'released', expires_at = NULL, because = $3,
    stay = CASE WHEN $2::timestamptz > lower(stay)
                THEN tstzrange(lower(stay), least(upper(stay), $2)) ELSE stay END
WHERE session_id = $1 AND status IN ('held', 'confirmed')
RETURNING true

-- name: end_bookings
-- Give back from a moment on: what had not begun goes, what runs ends there.
WITH gone AS (
    DELETE FROM bookings WHERE session_id = $1 AND lower(during) >= $2::timestamptz
)
UPDATE bookings SET during = tstzrange(lower(during), $2)
WHERE session_id = $1 AND lower(during) < $2 AND upper(during) > $2

-- name: clinic_day
-- Who sits where when on one day: every stay that touches it, with its places in order. An expired
-- hold is nobody's; a stay that was given back before it began is not shown.
SELECT s.session_id, s.journey_id, s.clinic, s.training, s.scheduled_at,
       lower(s.stay) AS arrives_at, upper(s.stay) AS ends_at, s.status, s.expires_at,
       coalesce(d.phase, 'BOOKED') AS phase, d.modality,
       (SELECT jsonb_agg(jsonb_build_object(
            'purpose', b.purpose, 'place', p.name,
            'from_at', lower(b.during), 'to_at', upper(b.during)
        ) ORDER BY lower(b.during), b.purpose DESC)
        FROM bookings b JOIN places p USING (place_id) WHERE b.session_id = s.session_id) AS places
FROM stays s LEFT JOIN sessions d USING (session_id)
WHERE ($1::text[] IS NULL OR s.clinic = ANY ($1)) AND s.clinic = $2
  AND s.stay && tstzrange($3, $4)
  AND (s.status <> 'held' OR s.expires_at > clock_timestamp())
  AND EXISTS (SELECT FROM bookings b WHERE b.session_id = s.session_id)
ORDER BY s.scheduled_at, s.session_id
