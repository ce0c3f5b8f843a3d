INSERT INTO metering.instances (instance_id, environment_key, subscription_key, first_seen_at, last_seen_at)
SELECT
    q.instance_id,
    e.environment_key,
    s.subscription_key,
    min(q.hour_start) AS first_seen_at,
    max(q.hour_start) AS last_seen_at
FROM quoted_rows AS q
INNER JOIN core.subscriptions AS s ON q.subscription_id = s.subscription_id
INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
GROUP BY q.instance_id, e.environment_key, s.subscription_key
