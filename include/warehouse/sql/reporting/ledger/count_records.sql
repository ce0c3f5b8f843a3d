-- Records of a window by outcome: of all, or of what was named.
SELECT
    r.outcome,
    count(*) AS record_count
FROM marketplace.push_records AS r
WHERE
    r.hour_start >= :starts
    AND r.hour_start < :ends
    AND (
        NOT :is_named
        OR r.subscription_key = any(CAST(:subscription_keys AS bigint[]))
        OR r.record_key = any(CAST(:record_keys AS bigint[]))
    )
GROUP BY r.outcome
