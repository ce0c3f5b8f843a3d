-- Records that a person has to know of: what got such an outcome since an instant, and what still waits long after its
-- hour, as `late`.
SELECT
    r.record_key,
    s.subscription_id,
    r.marketplace_instance_id,
    r.hour_start,
    r.quantity,
    r.cut_off,
    CASE WHEN r.outcome = 'pending' THEN 'late' ELSE r.outcome END AS outcome,
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
WHERE
    (r.decided_at >= :decided_since AND marketplace.is_open_point(r.outcome, r.reason))
    OR (r.outcome = 'pending' AND r.window_end <= :ended_by)
ORDER BY r.hour_start, s.subscription_id, r.record_key
