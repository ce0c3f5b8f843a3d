-- An answered poll changes the interval that it falls into, and so the hours which that one touches; the newest one
-- also those that were closed by carrying an older one on. Rejected readings after it count with what was last known
-- (known_aku), so it also changes what follows up to the next answer without any. All of them are due again.
UPDATE metering.environment_hours AS hours
SET state = 'stale'
FROM (
    SELECT
        staged.environment_key,
        staged.observed_at,
        (
            SELECT polls.observed_at
            FROM metering.polls
            WHERE
                polls.environment_key = staged.environment_key
                AND polls.ok
                AND polls.observed_at < staged.observed_at
            ORDER BY polls.observed_at DESC
            LIMIT 1
        ) AS previous_at,
        (
            SELECT polls.observed_at
            FROM metering.polls
            WHERE
                polls.environment_key = staged.environment_key
                AND polls.ok
                AND polls.observed_at > staged.observed_at
                AND NOT EXISTS (
                    SELECT FROM metering.readings
                    WHERE
                        readings.environment_key = polls.environment_key
                        AND readings.observed_at = polls.observed_at
                        AND readings.is_rejected
                )
            ORDER BY polls.observed_at ASC
            LIMIT 1
        ) AS next_at
    FROM staged_polls AS staged
    WHERE staged.cause IS NULL
) AS fresh
WHERE
    hours.environment_key = fresh.environment_key
    AND hours.hour_start < coalesce(fresh.next_at, 'infinity')
    AND hours.hour_start > coalesce(fresh.previous_at, '-infinity') - interval '1 hour'
    AND hours.state <> 'stale'
