-- How far each hour of each environment is known: closed once a poll at or after its end was answered (or the
-- subscription ended), provisional when none came in time, open while one may still come. And what was said of it
-- before: whether it was closed, and on which issued bill it is.
CREATE TEMPORARY TABLE closing_hours ON COMMIT DROP AS
WITH known AS (
    SELECT
        environments.environment_key,
        environments.subscription_key,
        environments.metered_from,
        environments.ended_at,
        polls.last_poll_at
    FROM closing_environments AS environments
    LEFT JOIN (
        SELECT
            environment_key,
            max(observed_at) AS last_poll_at
        FROM closing_polls
        GROUP BY environment_key
    ) AS polls ON environments.environment_key = polls.environment_key
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
    END AS state,
    kept.state AS earlier_state,
    coalesce(kept.revision > 0, FALSE) AS was_closed,
    bills.bill_key
FROM known
CROSS JOIN
    generate_series(
        date_trunc('hour', CAST(:window_start AS timestamptz)),
        CAST(:window_end AS timestamptz) - interval '1 second',
        interval '1 hour'
    ) AS hours (hour_start)
LEFT JOIN metering.environment_hours AS kept
    ON
        known.environment_key = kept.environment_key
        AND hours.hour_start = kept.hour_start
        AND kept.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
        AND kept.hour_start < :window_end
LEFT JOIN billing.bills
    ON
        known.subscription_key = bills.subscription_key
        AND bills.period_start <= hours.hour_start
        AND bills.period_end > hours.hour_start
        AND bills.state IN ('issued', 'settled')
        -- The notes that correct it are of the same period.
        AND bills.document = 'bill'
        AND bills.period_end > :window_start
WHERE
    hours.hour_start + interval '1 hour' > known.metered_from
    AND (known.ended_at IS NULL OR known.ended_at > hours.hour_start)
