-- It was never polled. One that history was imported for stays, without a credential, and keeps that history: the next
-- attempt registers its console in the same row. Of any other nothing is left.
DELETE FROM core.environments AS environments
WHERE
    environments.subscription_key = :subscription_key
    AND environments.state IN ('registered', 'verified')
    AND NOT EXISTS (
        SELECT FROM metering.instances AS instances
        WHERE instances.environment_key = environments.environment_key
    )
