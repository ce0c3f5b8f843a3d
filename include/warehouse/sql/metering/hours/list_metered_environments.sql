-- Metered environments, of the given ones or of all.
SELECT
    environments.environment_key,
    environments.environment_id
FROM core.environments
INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
WHERE
    subscriptions.metering_started_at IS NOT NULL
    AND (
        CAST(:environments AS bigint[]) IS NULL
        OR environments.environment_key = any(CAST(:environments AS bigint[]))
    )
ORDER BY environments.environment_key
