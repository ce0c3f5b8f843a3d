-- The period's metered hours of every subscription, by instance.
SELECT
    s.subscription_id,
    i.instance_id,
    u.hour_start,
    u.aku_seconds,
    u.peak_aku,
    u.used_seconds
FROM metering.usage AS u
INNER JOIN metering.instances AS i ON u.instance_key = i.instance_key
INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
WHERE
    u.hour_start >= :period_start
    AND u.hour_start < :period_end
ORDER BY s.subscription_id, u.hour_start, i.instance_id
