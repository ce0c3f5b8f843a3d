-- Hours that are to be closed (again): a poll came that changes them, or the time for one to come has passed. By day, so
-- that a long silence that ends is one piece of work and not hundreds.
SELECT
    min(hour_start) AS window_start,
    max(hour_start) + interval '1 hour' AS window_end,
    array_agg(DISTINCT environment_key) AS environments
FROM metering.environment_hours
WHERE
    state IN ('open', 'stale')
    AND (state = 'stale' OR hour_start + interval '1 hour' <= :provisional_before)
GROUP BY date_trunc('day', hour_start)
ORDER BY min(hour_start)
