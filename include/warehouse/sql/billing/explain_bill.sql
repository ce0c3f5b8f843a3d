SELECT
    b.bill_key,
    b.bill_id,
    s.subscription_id,
    b.period,
    b.price_plan,
    coalesce(p.time_zone, 'UTC') AS time_zone,
    b.currency,
    b.state,
    b.total,
    b.fingerprint,
    b.issued_at
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
WHERE b.bill_id = :bill_id
ORDER BY b.bill_key DESC
LIMIT 1
