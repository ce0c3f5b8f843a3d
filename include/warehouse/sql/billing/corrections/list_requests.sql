-- Corrections that people asked for, and late usage that waits without anybody asking, by bill. What waits for a next
-- bill that does not come has no delivery.
SELECT
    c.correction_id,
    b.bill_id,
    s.subscription_id,
    c.cause,
    CASE WHEN c.state <> 'pending' OR billing.has_next_bill(b.subscription_key) THEN c.delivery END AS delivery,
    c.state,
    d.bill_id AS document_id,
    c.reason,
    NULL AS late_hour_count,
    c.requested_by,
    c.requested_at,
    c.withdrawn_by,
    c.withdrawn_at,
    c.withdrawal_reason
FROM billing.corrections AS c
INNER JOIN billing.bills AS b ON c.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.bills AS d ON c.document_bill_key = d.bill_key
WHERE c.state = coalesce(CAST(:state AS text), c.state)
UNION ALL
SELECT
    NULL AS correction_id,
    b.bill_id,
    s.subscription_id,
    'late_usage' AS cause,
    CASE
        WHEN billing.has_next_bill(b.subscription_key) AND p.currency = b.currency THEN 'next_bill'
    END AS delivery,
    'pending' AS state,
    NULL AS document_id,
    NULL AS reason,
    count(DISTINCT a.hour_start) AS late_hour_count,
    NULL AS requested_by,
    min(a.found_at) AS requested_at,
    NULL AS withdrawn_by,
    NULL AS withdrawn_at,
    NULL AS withdrawal_reason
FROM billing.late_usage AS a
INNER JOIN billing.bills AS b ON a.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE a.state = 'pending' AND coalesce(CAST(:state AS text), 'pending') = 'pending'
GROUP BY b.bill_key, s.subscription_key, p.currency
ORDER BY requested_at, bill_id
