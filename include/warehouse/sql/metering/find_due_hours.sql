-- Hours that are to be closed (again): a poll came that changes them, or the time for one to come has passed. By days
-- on end, so that a long silence that ends is one piece of work and not hundreds; and no environment is closed for
-- another's hours.
WITH days AS (
    SELECT
        environment_key,
        date_trunc('day', hour_start) AS day_start,
        min(hour_start) AS window_start,
        max(hour_start) + interval '1 hour' AS window_end
    FROM metering.environment_hours
    WHERE
        state IN ('open', 'stale')
        AND (state = 'stale' OR hour_start + interval '1 hour' <= :provisional_before)
    GROUP BY environment_key, date_trunc('day', hour_start)
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
