-- name: patients_of_the_day
-- Who sits in the chairs: patient, count and dose of some sessions ($2), by what is on record.
SELECT s.session_id, j.patient_name, d.number, d.checked_in_at, d.dosed_at, d.last_reading_at,
       d.ended_at, d.outcome
FROM stays s
JOIN journeys j USING (journey_id)
LEFT JOIN sessions d USING (session_id)
WHERE ($1::text[] IS NULL OR s.clinic = ANY ($1)) AND s.session_id = ANY ($2::text[])
