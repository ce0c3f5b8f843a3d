-- Usage by subscription and day (UTC) that the ledger should have by now and does not: its marketplace instance was not
-- known in time, or its usage only became known later.
SELECT
    s.subscription_id,
    s.marketplace_instance_id IS NULL AS is_unknown_there,
    date_trunc('day', u.hour_start, 'UTC') AS day_start,
    count(*) AS hour_count,
    sum(u.aku_seconds) AS quantity
FROM marketplace.unrecorded_usage(:channel, CAST(:products AS text[]), :since, :until) AS u
INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
GROUP BY s.subscription_id, s.marketplace_instance_id IS NULL, date_trunc('day', u.hour_start, 'UTC')
ORDER BY day_start, s.subscription_id
