-- Environments whose subscriptions have ended within the last hour, while the hour of the end or the one before is not
-- closed, by these two hours.
SELECT
    l.window_start,
    l.window_start + interval '2 hours' AS window_end,
    array_agg(e.environment_key ORDER BY e.environment_key) AS environments
FROM core.subscriptions AS s
INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
CROSS JOIN
    LATERAL (
        SELECT date_trunc('hour', s.ended_at - interval '1 second') - interval '1 hour' AS window_start
    ) AS l
WHERE
    s.product = any(CAST(:products AS text[]))
    AND s.ended_at > CAST(:at AS timestamptz) - interval '1 hour'
    AND s.ended_at <= :at
    AND s.metering_started_at < s.ended_at
    AND (
        SELECT count(*) FROM metering.environment_hours AS h
        WHERE
            h.environment_key = e.environment_key
            AND h.hour_start >= greatest(l.window_start, date_trunc('hour', s.metering_started_at))
            AND h.hour_start < s.ended_at
            AND h.state = 'closed'
    ) < CASE WHEN s.metering_started_at < l.window_start + interval '1 hour' THEN 2 ELSE 1 END
GROUP BY l.window_start
ORDER BY l.window_start
