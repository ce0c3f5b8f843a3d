-- How far usage is known: the last closed hour of any environment, and how many of those that are metered have an hour
-- before it that is not closed.
WITH closed AS (
    SELECT max(hour_start) AS hour_start
    FROM metering.environment_hours
    WHERE state = 'closed' AND hour_start >= :period_start AND hour_start < :period_end
)

SELECT
    closed.hour_start + interval '1 hour' AS metered_until,
    (
        SELECT count(DISTINCT h.environment_key)
        FROM metering.environment_hours AS h
        WHERE
            h.state <> 'closed' AND h.hour_start >= :period_start AND h.hour_start < :period_end
            AND h.hour_start <= closed.hour_start
    ) AS open_count
FROM closed
