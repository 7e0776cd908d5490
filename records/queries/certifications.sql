-- name: record_certification
-- One change of a site's certification; the same key again changes nothing.
INSERT INTO site_certifications (clinic, certified, reason, actor_id, actor_role, command_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (clinic, command_id) DO NOTHING

-- name: site_certified
-- The last word on a site's certification; no row while there was none.
SELECT certified FROM site_certifications WHERE clinic = $1 ORDER BY id DESC LIMIT 1
