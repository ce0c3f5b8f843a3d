SELECT
    b.bill_id,
    s.subscription_id,
    b.currency,
    b.aku_seconds,
    b.total,
    b.forecast_total
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state = 'draft'
ORDER BY s.subscription_id COLLATE "C"
