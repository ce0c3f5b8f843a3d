-- The consoles that a shard asks, and how: none of a subscription that has ended.
SELECT
    environments.environment_key,
    environments.environment_id,
    environments.console_url,
    credentials.access_key_id,
    credentials.secret_ciphertext,
    subscriptions.product,
    failing.failed_runs,
    failing.last_failed_at
FROM core.environments
INNER JOIN core.environment_credentials AS credentials
    ON environments.environment_key = credentials.environment_key
INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
LEFT JOIN metering.failing_consoles AS failing ON environments.environment_key = failing.environment_key
WHERE
    environments.state = 'metered'
    AND environments.shard = :shard
    AND (subscriptions.ended_at IS NULL OR subscriptions.ended_at > :at)
ORDER BY environments.environment_key
