-- Makes hours before a window due that were never closed, as after a pause: a window that is closed out of turn leaves
-- no hole behind.
INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
SELECT
    missed.hour_start,
    environments.environment_key,
    'stale' AS state,
    0 AS revision,
    :at AS closed_at
FROM core.environments
INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
CROSS JOIN
    LATERAL generate_series(
        coalesce(
            (
                SELECT max(hours.hour_start) + interval '1 hour'
                FROM metering.environment_hours AS hours
                WHERE hours.environment_key = environments.environment_key AND hours.hour_start < :window_start
            ),
            date_trunc('hour', subscriptions.metering_started_at)
        ),
        least(CAST(:window_start AS timestamptz), subscriptions.ended_at) - interval '1 second',
        interval '1 hour'
    ) AS missed (hour_start)
WHERE
    subscriptions.metering_started_at < :window_start
    AND (
        CAST(:environments AS bigint[]) IS NULL
        OR environments.environment_key = any(CAST(:environments AS bigint[]))
    )
ON CONFLICT DO NOTHING
