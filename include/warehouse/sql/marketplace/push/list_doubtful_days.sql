-- Days (of the Marketplace's zone) of instances with unknown records: what is known to be accepted there, and what is
-- unknown, in AKU-seconds as they were sent. Days with records that still wait or are being sent are left out: their
-- sum is not settled.
SELECT
    s.account_id,
    r.marketplace_instance_id,
    r.product_code,
    date_trunc('day', r.hour_start, :zone) AS day_start,
    sum(r.units * r.unit_seconds) FILTER (WHERE r.outcome IN ('accepted', 'duplicate_same', 'expected')) AS accepted,
    array_agg(r.record_key ORDER BY r.record_key) FILTER (WHERE r.outcome = 'unknown') AS record_keys,
    array_agg(r.units * r.unit_seconds ORDER BY r.record_key) FILTER (WHERE r.outcome = 'unknown') AS quantities
FROM marketplace.push_records AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
WHERE r.channel = :channel AND r.hour_start >= :since
GROUP BY s.account_id, r.marketplace_instance_id, r.product_code, date_trunc('day', r.hour_start, :zone)
HAVING
    bool_or(r.outcome = 'unknown')
    AND NOT bool_or(r.outcome IN ('pending', 'sending', 'not_sent', 'duplicate_different'))
ORDER BY day_start, r.marketplace_instance_id
