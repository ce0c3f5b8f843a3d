-- How far each hour of each environment is known: closed once a poll at or after its end was answered, or the
-- subscription has ended or was frozen, or a person waived what is not known of it; provisional when no answer came in
-- time, open while one may still come. Tails are the hours that the last answer is carried into. And what was said of
-- the hour before: whether it was closed, and on which issued bill it is.
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
    known.ended_at,
    known.last_poll_at,
    hours.hour_start,
    hours.hour_start + interval '1 hour' AS hour_end,
    CASE
        WHEN known.last_poll_at >= hours.hour_start + interval '1 hour' THEN 'closed'
        WHEN known.ended_at <= :at THEN 'closed'
        WHEN freezes.frozen_from IS NOT NULL THEN 'closed'
        -- An older run that is tried again does not open what a later one has closed.
        WHEN hours.hour_start + interval '1 hour' > :provisional_before AND coalesce(kept.revision, 0) = 0 THEN 'open'
        WHEN metering.is_hour_waived(known.environment_key, hours.hour_start, known.last_poll_at) THEN 'closed'
        ELSE 'provisional'
    END AS state,
    coalesce(known.last_poll_at < hours.hour_start + interval '1 hour', TRUE) AS is_trailing,
    -- It lies wholly in a freeze: nothing of it counts.
    freezes.frozen_from IS NOT NULL AS is_frozen,
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
LEFT JOIN core.freezes
    ON
        known.subscription_key = freezes.subscription_key
        AND freezes.frozen_from <= hours.hour_start
        AND coalesce(freezes.frozen_until, 'infinity') >= hours.hour_start + interval '1 hour'
LEFT JOIN billing.issued_bills AS bills
    ON
        known.subscription_key = bills.subscription_key
        AND bills.period_start <= hours.hour_start
        AND bills.period_end > hours.hour_start
        AND bills.period_end > :window_start
WHERE
    (
        hours.hour_start + interval '1 hour' > known.metered_from
        AND (known.ended_at IS NULL OR known.ended_at > hours.hour_start)
    )
    -- Hours before metering and after the end: where they were closed before, or a late end made them due.
    OR kept.hour_start IS NOT NULL
