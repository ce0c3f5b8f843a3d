-- The period's metered hours of every subscription.
SELECT
    s.subscription_id,
    h.hour_start,
    h.aku_seconds
FROM metering.subscription_hours AS h
INNER JOIN core.subscriptions AS s ON h.subscription_key = s.subscription_key
WHERE
    h.hour_start >= :period_start
    AND h.hour_start < :period_end
ORDER BY s.subscription_id, h.hour_start
