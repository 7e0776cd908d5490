-- name: keep_readings
-- A monitor's readings, each once; the moments of those that are new.
INSERT INTO monitor_readings (
    session_id, device, taken_at, spo2_percent, heart_rate_bpm, systolic_mmhg, diastolic_mmhg,
    respiratory_rate_per_min, temperature_c
)
SELECT $1, $2, r.* FROM unnest(
    $3::timestamptz[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[],
    $8::smallint[], $9::real[]
) AS r
ON CONFLICT ON CONSTRAINT a_reading_counts_once DO NOTHING
RETURNING taken_at

-- name: recent_readings
-- What a session's monitors have said since a moment, oldest first.
SELECT taken_at, spo2_percent, heart_rate_bpm, systolic_mmhg, diastolic_mmhg,
       respiratory_rate_per_min, round(temperature_c::numeric, 2)::float8 AS temperature_c
FROM monitor_readings WHERE session_id = $1 AND taken_at >= $2
ORDER BY taken_at LIMIT $3
