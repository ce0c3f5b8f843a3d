SELECT
    b.bill_id,
    s.subscription_id,
    b.period,
    b.state,
    b.currency,
    b.total
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    CAST(:period AS text) IS NULL
    OR b.period = :period
ORDER BY b.period, s.subscription_id COLLATE "C"
