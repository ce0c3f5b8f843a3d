-- Hours that are to be closed (again): a poll came that changes them, or the time for one to come has passed, or the
-- subscription has ended and none will come. By days on end, so that a long silence that ends is one piece of work and
-- not hundreds; and no environment is closed for another's hours.
WITH days AS (
    SELECT
        hours.environment_key,
        date_trunc('day', hours.hour_start) AS day_start,
        min(hours.hour_start) AS window_start,
        max(hours.hour_start) + interval '1 hour' AS window_end
    FROM metering.environment_hours AS hours
    INNER JOIN core.environments ON hours.environment_key = environments.environment_key
    INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
    WHERE
        hours.state IN ('open', 'stale', 'provisional')
        AND (
            hours.state = 'stale'
            OR (hours.state = 'open' AND hours.hour_start + interval '1 hour' <= :provisional_before)
            OR (hours.hour_start + interval '1 hour' <= :at AND subscriptions.ended_at <= :at)
        )
    GROUP BY hours.environment_key, date_trunc('day', hours.hour_start)
),

-- The same for all days that follow one another without a break.
numbered AS (
    SELECT
        *,
        day_start - row_number() OVER (PARTITION BY environment_key ORDER BY day_start) * interval '1 day' AS run
    FROM days
),

spans AS (
    SELECT
        environment_key,
        min(window_start) AS window_start,
        max(window_end) AS window_end
    FROM numbered
    GROUP BY environment_key, run
)

SELECT
    window_start,
    window_end,
    array_agg(environment_key ORDER BY environment_key) AS environments
FROM spans
GROUP BY window_start, window_end
ORDER BY window_start, window_end
