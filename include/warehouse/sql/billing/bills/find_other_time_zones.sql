-- Subscriptions that lived in the period and whose plan's billing periods lie in another time zone than the one that is
-- closed, without any bill of that time: their months are never closed.
SELECT
    s.subscription_id,
    p.name AS price_plan,
    p.time_zone
FROM core.subscriptions AS s
INNER JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE
    p.time_zone <> :time_zone
    AND s.state IN ('active', 'released')
    AND s.started_at < :period_end
    AND coalesce(s.ended_at, 'infinity') > :period_start
    AND NOT EXISTS (
        SELECT FROM billing.bills AS b
        WHERE
            b.subscription_key = s.subscription_key
            AND b.document = 'bill'
            AND b.period_start < :period_end
            AND b.period_end > :period_start
    )
ORDER BY s.subscription_id
