-- Hours as known now, for rating: what the bill has, and what was found since.
INSERT INTO billing.rating_hours (
    subscription_key, hour_start, aku_seconds, peak_aku, whole_hour_aku_seconds
)
WITH adjusted AS (
    SELECT
        r.subscription_key,
        d.hour_start,
        d.aku_seconds,
        d.peak_aku,
        d.whole_hour_aku_seconds
    FROM correction_roots AS r
    CROSS JOIN LATERAL billing.late_differences(r.root_key) AS d
    WHERE
        r.period_start = :period_start
        AND r.period_end = :period_end
        AND r.is_rated_again
)

SELECT
    a.subscription_key,
    a.hour_start,
    CAST(coalesce(h.aku_seconds, 0) + a.aku_seconds AS bigint) AS aku_seconds,
    coalesce(h.peak_aku, 0) + a.peak_aku AS peak_aku,
    CAST(coalesce(h.whole_hour_aku_seconds, 0) + a.whole_hour_aku_seconds AS bigint) AS whole_hour_aku_seconds
FROM adjusted AS a
LEFT JOIN metering.subscription_hours AS h
    ON
        a.subscription_key = h.subscription_key
        AND a.hour_start = h.hour_start
        AND h.hour_start >= :period_start
        AND h.hour_start < :period_end
ORDER BY a.subscription_key, a.hour_start
