-- When the bill of each subscription was drafted: what was known then prices its hours. Null without a bill.
SELECT
    b.drafted_at,
    array_agg(s.subscription_key ORDER BY s.subscription_key) AS subscription_keys
FROM core.subscriptions AS s
LEFT JOIN billing.bills AS b
    ON
        s.subscription_key = b.subscription_key
        AND b.period_start = :period_start
        AND b.document = 'bill'
        AND b.state <> 'void'
WHERE s.subscription_key = any(CAST(:subscriptions AS bigint[]))
GROUP BY b.drafted_at
ORDER BY b.drafted_at
