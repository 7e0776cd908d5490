-- name: keep_protocol
-- A protocol is kept once, however many journeys are treated by it.
INSERT INTO protocol_versions (digest, code, version, content) VALUES ($1, $2, $3, $4)
ON CONFLICT (digest) DO NOTHING

-- name: journey_pinned
INSERT INTO journey_protocols (journey_id, digest, sequence) VALUES ($1, $2, $3)
ON CONFLICT (journey_id) DO UPDATE SET digest = excluded.digest, sequence = excluded.sequence
WHERE journey_protocols.sequence <= excluded.sequence

-- name: pinned_journeys
-- Open journeys with the protocol they are treated by; none where the record has only its name.
-- After the cursor ($2), at most $3 of them.
SELECT j.journey_id, j.clinic, j.phase, j.training, j.protocol_version,
       encode(p.digest, 'hex') AS digest
FROM journeys j
LEFT JOIN journey_protocols p USING (journey_id)
WHERE ($1::text[] IS NULL OR j.clinic = ANY ($1)) AND NOT j.closed AND j.phase <> 'CLOSED'
  AND ($2::text IS NULL OR j.journey_id > $2)
ORDER BY j.journey_id
LIMIT $3

-- name: protocols_by_digest
-- $1, the clinics of the asker, hides nothing here: a protocol says nothing about anybody.
SELECT encode(digest, 'hex') AS digest, content FROM protocol_versions
WHERE ($1::text[] IS NULL OR true) AND encode(digest, 'hex') = ANY ($2::text[])

-- name: protocols_by_version
-- The contents that went by this version ($3: of this code), the newest first.
SELECT encode(digest, 'hex') AS digest, content FROM protocol_versions
WHERE ($1::text[] IS NULL OR true) AND version = $2 AND ($3::text IS NULL OR code = $3)
ORDER BY kept_at DESC
