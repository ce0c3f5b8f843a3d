-- Documents in every state, by period and subscription; a void one stays in the list.
SELECT
    b.bill_id,
    b.document,
    s.subscription_id,
    b.period,
    b.state,
    b.aku_seconds,
    b.subtotal,
    b.tax,
    b.total,
    b.currency,
    b.issued_at
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    CAST(:period AS text) IS NULL
    OR b.period = :period
ORDER BY b.period, s.subscription_id COLLATE "C", b.bill_key
