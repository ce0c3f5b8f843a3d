SELECT
    b.bill_id,
    s.subscription_id,
    b.currency,
    b.aku_seconds,
    b.total,
    b.forecast_total
FROM billing.period_bills(:period_start, :period_end, ARRAY['draft'], NULL) AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
ORDER BY s.subscription_id COLLATE "C"
