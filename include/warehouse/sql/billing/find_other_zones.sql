-- A live subscription whose plan's billing periods lie in another time zone than the one that is closed.
SELECT
    s.subscription_id,
    p.name AS price_plan,
    p.time_zone
FROM core.subscriptions AS s
INNER JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE p.time_zone <> :time_zone AND s.state = 'active'
ORDER BY s.subscription_id
LIMIT 1
