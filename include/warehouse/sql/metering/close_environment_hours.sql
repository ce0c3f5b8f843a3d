-- How far each hour of each environment is known: closed once a poll at or after its end was answered (or the
-- subscription ended), provisional when none came in time, open while one may still come.
CREATE TEMPORARY TABLE closing_hours ON COMMIT DROP AS
WITH known AS (
    SELECT
        environments.environment_key,
        environments.metered_from,
        environments.ended_at,
        max(polls.observed_at) AS last_poll_at
    FROM closing_environments AS environments
    LEFT JOIN closing_polls AS polls ON environments.environment_key = polls.environment_key
    GROUP BY environments.environment_key, environments.metered_from, environments.ended_at
)

SELECT
    known.environment_key,
    known.metered_from,
    known.last_poll_at,
    hours.hour_start,
    hours.hour_start + interval '1 hour' AS hour_end,
    CASE
        WHEN known.last_poll_at >= hours.hour_start + interval '1 hour' THEN 'closed'
        WHEN known.ended_at <= hours.hour_start + interval '1 hour' THEN 'closed'
        WHEN hours.hour_start + interval '1 hour' <= :provisional_before THEN 'provisional'
        ELSE 'open'
    END AS state
FROM known
CROSS JOIN
    generate_series(
        date_trunc('hour', CAST(:window_start AS timestamptz)),
        CAST(:window_end AS timestamptz) - interval '1 second',
        interval '1 hour'
    ) AS hours (hour_start)
WHERE
    hours.hour_start + interval '1 hour' > known.metered_from
    AND (known.ended_at IS NULL OR known.ended_at > hours.hour_start)
