-- Subscriptions that lived in the period, or used something in it, and have no bill of it in any state.
SELECT s.subscription_id
FROM core.subscriptions AS s
LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE
    coalesce(p.time_zone, :time_zone) = :time_zone
    AND NOT EXISTS (
        SELECT FROM billing.bills AS b
        WHERE
            b.subscription_key = s.subscription_key
            AND b.document = 'bill'
            AND b.period_start < :period_end
            AND b.period_end > :period_start
    )
    AND (
        (
            s.started_at < :period_end
            AND coalesce(s.ended_at, 'infinity') > greatest(s.started_at, :period_start)
            AND s.state IN ('active', 'released')
        )
        OR EXISTS (
            SELECT FROM metering.subscription_hours AS h
            WHERE
                h.subscription_key = s.subscription_key
                AND h.hour_start >= :period_start
                AND h.hour_start < :period_end
                AND h.aku_seconds > 0
        )
    )
ORDER BY s.subscription_id
