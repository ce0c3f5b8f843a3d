-- Polls of an environment at these instants, answered or not, with what they brought.
SELECT
    observed_at,
    ok,
    cause,
    error,
    instance_count,
    payload
FROM metering.polls
WHERE environment_key = :environment_key AND observed_at = any(CAST(:instants AS timestamptz[]))
ORDER BY observed_at
