INSERT INTO core.environments (environment_id, subscription_key, console_url, state, shard, registered_at)
SELECT
    subscription_id AS environment_id,
    subscription_key,
    'quote' AS console_url,
    'registered' AS state,
    0 AS shard,
    started_at AS registered_at
FROM core.subscriptions
