INSERT INTO metering.usage (
    hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku, used_seconds, source
)
SELECT
    q.hour_start,
    i.instance_key,
    i.subscription_key,
    i.environment_key,
    q.aku_seconds,
    q.peak_aku,
    q.used_seconds,
    'import' AS usage_source
FROM quoted_rows AS q
INNER JOIN core.subscriptions AS s ON q.subscription_id = s.subscription_id
INNER JOIN metering.instances AS i ON s.subscription_key = i.subscription_key AND q.instance_id = i.instance_id
