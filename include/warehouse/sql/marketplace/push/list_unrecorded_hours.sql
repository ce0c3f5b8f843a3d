-- Hours with usage that the ledger of the channel could have and does not, oldest first.
SELECT DISTINCT u.hour_start
FROM marketplace.unrecorded_usage(:channel, CAST(:products AS text[]), :since, :until) AS u
INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
WHERE
    s.marketplace_instance_id IS NOT NULL
    AND s.metering_started_at IS NOT NULL
    AND (s.ended_at IS NULL OR s.ended_at > u.hour_start)
ORDER BY u.hour_start
