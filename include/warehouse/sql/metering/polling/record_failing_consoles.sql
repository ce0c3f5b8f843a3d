-- Counts the failures that no answer follows.
INSERT INTO metering.failing_consoles AS kept (environment_key, failed_runs, failing_since, last_failed_at, cause)
SELECT
    failed.environment_key,
    count(*) AS failed_runs,
    min(failed.observed_at) AS failing_since,
    max(failed.observed_at) AS last_failed_at,
    (array_agg(failed.cause ORDER BY failed.observed_at DESC))[1] AS cause
FROM staged_polls AS failed
WHERE
    failed.cause IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM metering.polls
        WHERE
            polls.environment_key = failed.environment_key
            AND polls.ok
            AND polls.observed_at >= failed.observed_at
    )
GROUP BY failed.environment_key
ON CONFLICT (environment_key) DO UPDATE SET
    failed_runs = kept.failed_runs + excluded.failed_runs,
    failing_since = least(kept.failing_since, excluded.failing_since),
    last_failed_at = greatest(kept.last_failed_at, excluded.last_failed_at),
    cause = CASE WHEN excluded.last_failed_at >= kept.last_failed_at THEN excluded.cause ELSE kept.cause END
