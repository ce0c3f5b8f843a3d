-- Unusual total: an environment's newest closed hour, against the median of the same hour of the days before it. It is
-- raised when it is more than factor times the median, or less than that part of it, and far enough apart. An hour
-- without usage is left to dropped_to_zero, and the one in which metering began is known in part. Whole numbers only:
-- the median is one of the totals (percentile_disc).
WITH evaluated_hours AS (
    SELECT
        hours.environment_key,
        environments.environment_id,
        max(hours.hour_start) AS hour_start
    FROM metering.environment_hours AS hours
    INNER JOIN core.environments ON hours.environment_key = environments.environment_key
    INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
    WHERE
        environments.state = 'metered'
        AND hours.state = 'closed'
        AND hours.hour_start >= subscriptions.metering_started_at
        AND hours.hour_start >= CAST(:at AS timestamptz) - CAST(:max_hour_age AS interval)
        AND hours.hour_start + interval '1 hour' <= :at
    GROUP BY hours.environment_key, environments.environment_id
),

-- The hour itself is day 0. Instants are listed first, so that usage is found by its key, whatever is stored.
compared_hours AS (
    SELECT
        evaluated_hours.environment_key,
        compared_days.day_number,
        evaluated_hours.hour_start - compared_days.day_number * interval '24 hours' AS hour_start
    FROM evaluated_hours
    CROSS JOIN generate_series(0, CAST(:days AS integer)) AS compared_days (day_number)
),

totals AS (
    SELECT
        usage.environment_key,
        usage.hour_start,
        CAST(sum(usage.aku_seconds) AS bigint) AS aku_seconds
    FROM metering.usage
    WHERE usage.hour_start IN (SELECT DISTINCT compared_hours.hour_start FROM compared_hours)
    GROUP BY usage.environment_key, usage.hour_start
),

-- A day counts when its hour is known: it was closed, or usage was imported for it.
known AS (
    SELECT
        compared_hours.environment_key,
        compared_hours.day_number,
        coalesce(totals.aku_seconds, 0) AS aku_seconds
    FROM compared_hours
    LEFT JOIN totals
        ON compared_hours.environment_key = totals.environment_key AND compared_hours.hour_start = totals.hour_start
    LEFT JOIN metering.environment_hours AS hours
        ON compared_hours.environment_key = hours.environment_key AND compared_hours.hour_start = hours.hour_start
    WHERE totals.aku_seconds IS NOT NULL OR hours.state = 'closed'
),

compared AS (
    SELECT
        environment_key,
        max(aku_seconds) FILTER (WHERE day_number = 0) AS total,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY aku_seconds) FILTER (WHERE day_number > 0) AS median
    FROM known
    GROUP BY environment_key
    HAVING count(*) FILTER (WHERE day_number > 0) >= :min_known_days
),

evaluated AS (
    SELECT
        evaluated_hours.*,
        compared.total,
        compared.median,
        compared.total > 0
        AND (compared.total > compared.median * :factor OR compared.total * :factor < compared.median)
        AND abs(compared.total - compared.median) >= :min_difference AS is_raised
    FROM evaluated_hours
    INNER JOIN compared ON evaluated_hours.environment_key = compared.environment_key
)

INSERT INTO evaluated_alarms (environment_key, kind, is_raised, since, facts)
SELECT
    environment_key,
    'unusual_total' AS kind,
    is_raised,
    hour_start AS since,
    jsonb_build_object(
        'status', CASE WHEN is_raised THEN 'unusual' ELSE 'usual' END,
        'environment_id', environment_id,
        'hour_start', hour_start,
        'aku_seconds', total,
        'median_aku_seconds', median
    ) AS facts
FROM evaluated
