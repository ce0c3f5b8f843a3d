-- An hour on an issued bill keeps the usage that it was billed with. Where it is known otherwise now, the difference
-- waits as a pending adjustment: what was billed, after the adjustments applied since, against what this closing found.
-- One that is as billed after all is withdrawn.
WITH found AS (
    SELECT
        bill_key,
        subscription_key,
        environment_key,
        instance_key,
        hour_start,
        kept_aku_seconds,
        aku_seconds,
        cause
    FROM closing_differences
    WHERE bill_key IS NOT NULL
    UNION ALL
    -- Found as billed, but adjusted earlier.
    SELECT DISTINCT
        adjusted.bill_key,
        adjusted.subscription_key,
        adjusted.environment_key,
        adjusted.instance_key,
        adjusted.hour_start,
        coalesce(usage.aku_seconds, 0) AS kept_aku_seconds,
        coalesce(usage.aku_seconds, 0) AS aku_seconds,
        CASE hours.earlier_state WHEN 'stale' THEN 'late_answer' ELSE 'closed_again' END AS cause
    FROM closing_hours AS hours
    INNER JOIN billing.late_usage AS adjusted
        ON
            hours.bill_key = adjusted.bill_key
            AND hours.hour_start = adjusted.hour_start
            AND hours.environment_key = adjusted.environment_key
            AND adjusted.state <> 'withdrawn'
    LEFT JOIN metering.usage
        ON
            adjusted.hour_start = usage.hour_start
            AND adjusted.instance_key = usage.instance_key
            AND usage.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
            AND usage.hour_start < :window_end
    WHERE
        hours.state <> 'open'
        AND NOT EXISTS (
            SELECT FROM closing_differences AS differences
            WHERE
                differences.hour_start = adjusted.hour_start
                AND differences.instance_key = adjusted.instance_key
        )
),

due AS (
    SELECT
        found.*,
        coalesce(applied.aku_seconds_after, found.kept_aku_seconds) AS billed_aku_seconds
    FROM found
    LEFT JOIN LATERAL (
        SELECT latest.aku_seconds_after
        FROM billing.late_usage AS latest
        WHERE
            latest.bill_key = found.bill_key
            AND latest.hour_start = found.hour_start
            AND latest.instance_key = found.instance_key
            AND latest.state = 'applied'
        -- Each began only once the one before it was applied.
        ORDER BY latest.late_usage_key DESC
        LIMIT 1
    ) AS applied ON TRUE
),

withdrawn AS (
    UPDATE billing.late_usage AS pending
    SET state = 'withdrawn', closed_at = :at
    FROM due
    WHERE
        pending.hour_start = due.hour_start
        AND pending.instance_key = due.instance_key
        AND pending.state = 'pending'
        AND due.aku_seconds = due.billed_aku_seconds
)

INSERT INTO billing.late_usage AS kept (
    bill_key,
    subscription_key,
    environment_key,
    instance_key,
    hour_start,
    aku_seconds_before,
    aku_seconds_after,
    cause,
    found_at
)
SELECT
    bill_key,
    subscription_key,
    environment_key,
    instance_key,
    hour_start,
    billed_aku_seconds AS aku_seconds_before,
    aku_seconds AS aku_seconds_after,
    cause,
    :at AS found_at
FROM due
WHERE aku_seconds <> billed_aku_seconds
ORDER BY hour_start, instance_key
ON CONFLICT (hour_start, instance_key) WHERE state = 'pending' DO UPDATE SET
    aku_seconds_before = excluded.aku_seconds_before,
    aku_seconds_after = excluded.aku_seconds_after,
    cause = excluded.cause,
    found_at = excluded.found_at
WHERE
(kept.aku_seconds_before, kept.aku_seconds_after)
IS DISTINCT FROM (excluded.aku_seconds_before, excluded.aku_seconds_after)
