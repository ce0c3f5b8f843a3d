-- Issued bills that reach over an end of their subscription which was entered since, and of which nothing waits.
SELECT
    b.bill_key,
    b.bill_id,
    s.subscription_id,
    s.ended_at,
    b.currency
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    b.document = 'bill'
    AND billing.is_issued(b.state)
    AND s.ended_at < b.period_end
    AND b.subscription_ended_at IS DISTINCT FROM s.ended_at
    AND NOT EXISTS (SELECT FROM billing.waiting_of(b.bill_key))
ORDER BY s.subscription_id, b.period_start
