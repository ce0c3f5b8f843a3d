-- Enters the polls.
INSERT INTO metering.polls AS kept (
    observed_at, environment_key, ok, cause, error, instance_count, clock_skew_ms, duration_ms, payload
)
SELECT
    observed_at,
    environment_key,
    cause IS NULL AS ok,
    cause,
    error,
    instance_count,
    clock_skew_ms,
    duration_ms,
    payload
FROM staged_polls
ORDER BY observed_at, environment_key
ON CONFLICT (observed_at, environment_key) DO UPDATE SET
    ok = excluded.ok,
    cause = excluded.cause,
    error = excluded.error,
    instance_count = excluded.instance_count,
    clock_skew_ms = excluded.clock_skew_ms,
    duration_ms = excluded.duration_ms,
    payload = excluded.payload
WHERE NOT kept.ok AND excluded.ok
