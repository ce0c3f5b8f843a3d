-- AKU-seconds by hour of all subscriptions, or of one, with how much is estimated and how long it is not known; hours
-- without usage too.
SELECT
    h.hour_start,
    coalesce(sum(u.aku_seconds), 0) AS aku_seconds,
    coalesce(sum(u.estimated_aku_seconds), 0) AS estimated_aku_seconds,
    coalesce(sum(u.gap_seconds), 0) AS gap_seconds
FROM
    generate_series(
        CAST(:hours_start AS timestamptz), CAST(:hours_end AS timestamptz) - interval '1 hour', interval '1 hour'
    ) AS h (hour_start)
LEFT JOIN
    metering.subscription_hours AS u
    ON
        h.hour_start = u.hour_start
        AND (CAST(:subscription_key AS bigint) IS NULL OR u.subscription_key = :subscription_key)
        AND u.hour_start >= :hours_start
        AND u.hour_start < :hours_end
GROUP BY h.hour_start
ORDER BY h.hour_start
