-- One page of the records of a window, the newest hours first: of all, or of what was named; with one outcome if given.
SELECT
    r.record_key,
    r.channel,
    s.subscription_id,
    s.environment_name,
    r.marketplace_instance_id,
    r.hour_start,
    r.quantity,
    r.outcome,
    r.reason,
    r.their_code,
    r.cut_off,
    r.is_partial,
    r.decided_at
FROM marketplace.push_records AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
WHERE
    r.hour_start >= :starts
    AND r.hour_start < :ends
    AND (CAST(:outcome AS text) IS NULL OR r.outcome = :outcome)
    AND (
        NOT :is_named
        OR r.subscription_key = any(CAST(:subscription_keys AS bigint[]))
        OR r.record_key = any(CAST(:record_keys AS bigint[]))
    )
ORDER BY r.hour_start DESC, r.record_key DESC
LIMIT :page_size OFFSET :skipped
