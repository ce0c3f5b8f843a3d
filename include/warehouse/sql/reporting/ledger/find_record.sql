-- One record with its subscription as it is now.
SELECT
    r.record_key,
    r.channel,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    s.order_id,
    r.marketplace_instance_id,
    r.product_code,
    r.dimension,
    r.item_key,
    r.hour_start,
    r.quantity,
    r.unit_seconds,
    r.carried_in,
    r.units,
    r.window_start,
    r.window_end,
    r.cut_off,
    r.is_partial,
    r.entered_at,
    r.outcome,
    r.reason,
    r.their_code,
    r.decided_at
FROM marketplace.push_records AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
WHERE r.record_key = :record_key
