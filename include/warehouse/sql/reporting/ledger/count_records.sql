-- Records of a window by outcome: of all, counted to a limit each, or all of what was named.
SELECT
    o.outcome,
    (
        SELECT count(*)
        FROM (
            SELECT FROM marketplace.push_records AS r
            WHERE r.outcome = o.outcome AND r.hour_start >= :starts AND r.hour_start < :ends
            LIMIT :at_most
        ) AS counted
    ) AS record_count
FROM unnest(CAST(:outcomes AS text[])) AS o (outcome)
WHERE NOT :is_named
UNION ALL
SELECT
    r.outcome,
    count(*) AS record_count
FROM marketplace.push_records AS r
WHERE
    :is_named
    AND r.hour_start >= :starts
    AND r.hour_start < :ends
    AND (
        r.subscription_key = any(CAST(:subscription_keys AS bigint[]))
        OR r.record_key = any(CAST(:record_keys AS bigint[]))
    )
GROUP BY r.outcome
