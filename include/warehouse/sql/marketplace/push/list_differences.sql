-- Records that were to be sent whose hour is known to have another usage since.
SELECT
    r.record_key,
    s.subscription_id,
    r.marketplace_instance_id,
    r.hour_start,
    r.quantity,
    coalesce(u.aku_seconds, 0) AS known_quantity
FROM marketplace.push_records AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
LEFT JOIN
    metering.subscription_hours AS u
    ON r.subscription_key = u.subscription_key AND r.hour_start = u.hour_start
WHERE
    r.hour_start >= :since
    AND r.outcome NOT IN ('expected', 'missed', 'refused')
    AND r.quantity <> coalesce(u.aku_seconds, 0)
ORDER BY r.hour_start, s.subscription_id, r.record_key
