DELETE FROM core.environment_credentials AS credentials
USING core.environments AS environments
WHERE
    environments.environment_key = credentials.environment_key
    AND environments.subscription_key = :subscription_key
    AND environments.state IN ('registered', 'verified')
