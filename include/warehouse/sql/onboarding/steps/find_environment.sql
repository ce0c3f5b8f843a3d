SELECT
    environments.environment_key,
    environments.environment_id,
    environments.console_url,
    environments.state,
    environments.registered_at,
    credentials.access_key_id,
    credentials.secret_ciphertext
FROM core.environments AS environments
INNER JOIN core.subscriptions AS subscriptions ON environments.subscription_key = subscriptions.subscription_key
INNER JOIN core.environment_credentials AS credentials ON environments.environment_key = credentials.environment_key
WHERE subscriptions.subscription_id = :subscription_id
