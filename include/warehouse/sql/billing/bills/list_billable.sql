-- The subscriptions of a block, [first_key, until_key), that the period may still bill: of plans with this time zone,
-- and without a final bill.
SELECT s.subscription_key
FROM core.subscriptions AS s
LEFT JOIN billing.issued_bills AS billed
    ON s.subscription_key = billed.subscription_key AND billed.period_start = :period_start
LEFT JOIN billing.price_plans AS p ON coalesce(billed.price_plan, s.price_plan) = p.name
WHERE
    s.subscription_key >= :first_key
    AND s.subscription_key < :until_key
    AND coalesce(p.time_zone, :time_zone) = :time_zone
    AND NOT EXISTS (
        SELECT FROM billing.bills AS b
        WHERE
            b.subscription_key = s.subscription_key
            AND b.period_start = :period_start
            AND b.document = 'bill'
            AND billing.is_closed(b.state)
    )
ORDER BY s.subscription_key
