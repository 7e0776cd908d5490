-- name: claim_delivery
-- Take an occurrence before it is sent. Found new or deferred, it is a first try; found claimed,
-- somebody died on the way and nobody knows. What is settled for good is left as it is.
INSERT INTO notifications AS n (
    workflow_id, occurrence, journey_id, clinic, template, channel, kind, recipient_role,
    address, status
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'claimed')
ON CONFLICT (workflow_id, occurrence) DO UPDATE SET
    status = 'claimed',
    address = excluded.address,
    attempts = n.attempts + 1,
    claimed_at = now()
WHERE n.status IN ('claimed', 'deferred')
RETURNING attempts

-- name: delivery_status
-- Where one occurrence stands; locked, so that two claims at once do not both call it new.
SELECT status FROM notifications WHERE workflow_id = $1 AND occurrence = $2 FOR UPDATE

-- name: settle_delivery
-- What became of an occurrence. What was sent stays sent, whatever is said later.
UPDATE notifications SET
    status = $3,
    provider_id = coalesce($4, provider_id),
    sent_at = CASE WHEN $3 = 'sent' THEN coalesce(sent_at, now()) END
WHERE workflow_id = $1 AND occurrence = $2 AND status <> 'sent'
