SELECT
    r.record_key,
    s.subscription_id,
    r.marketplace_instance_id,
    r.hour_start,
    r.quantity,
    r.cut_off,
    r.outcome,
    r.reason,
    r.their_code,
    s.order_id,
    r.decided_at,
    p.priced_by,
    p.amount,
    p.currency
FROM marketplace.push_records AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
INNER JOIN marketplace.priced_records AS p ON r.record_key = p.record_key
WHERE r.record_key = any(:record_keys)
ORDER BY r.hour_start, s.subscription_id, r.record_key
