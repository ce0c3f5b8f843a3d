-- The subscription, the basis of the plan it has without any offer, and until when its bills are final.
SELECT
    s.subscription_key,
    s.subscription_id,
    s.state,
    s.payment,
    s.price_plan,
    p.currency,
    p.time_zone,
    s.ended_at,
    (
        SELECT max(b.period_end) FROM billing.issued_bills AS b
        WHERE b.subscription_key = s.subscription_key
    ) AS billed_until
FROM core.subscriptions AS s
LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE s.subscription_id = :subscription_id
