-- What this closing found of hours on issued bills: where it differs from what is stored, and where it did earlier and
-- does not any more.
INSERT INTO found_late_usage (
    bill_key, subscription_key, environment_key, instance_key, hour_start, kept_aku_seconds, aku_seconds,
    kept_peak_aku, peak_aku, kept_used_seconds, used_seconds, cause
)
SELECT
    bill_key,
    subscription_key,
    environment_key,
    instance_key,
    hour_start,
    kept_aku_seconds,
    aku_seconds,
    kept_peak_aku,
    peak_aku,
    kept_used_seconds,
    used_seconds,
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
    coalesce(usage.peak_aku, 0) AS kept_peak_aku,
    coalesce(usage.peak_aku, 0) AS peak_aku,
    coalesce(usage.used_seconds, 0) AS kept_used_seconds,
    coalesce(usage.used_seconds, 0) AS used_seconds,
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
