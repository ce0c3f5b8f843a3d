-- Environments that have hours before the window which were never closed, by where those begin: after a pause of the
-- work, or for an environment that is newly metered.
WITH starts AS (
    SELECT
        environments.environment_key,
        subscriptions.ended_at,
        coalesce(
            (
                SELECT max(hours.hour_start) + interval '1 hour'
                FROM metering.environment_hours AS hours
                WHERE hours.environment_key = environments.environment_key AND hours.hour_start < :window_start
            ),
            date_trunc('hour', subscriptions.metering_started_at)
        ) AS window_start
    FROM core.environments
    INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
    WHERE subscriptions.metering_started_at < :window_start
)

SELECT
    window_start,
    array_agg(environment_key ORDER BY environment_key) AS environments
FROM starts
WHERE window_start < least(:window_start, ended_at)
GROUP BY window_start
ORDER BY window_start
