-- The environments of those subscriptions.
INSERT INTO core.environments (environment_id, subscription_key, console_url, state, shard, registered_at)
SELECT
    subscription_id AS environment_id,
    subscription_key,
    '' AS console_url,
    'metered' AS state,
    0 AS shard,
    :at AS registered_at
FROM core.subscriptions
RETURNING environment_id, environment_key
