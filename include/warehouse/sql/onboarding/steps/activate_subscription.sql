-- Metered from the registration on: what the buyer made in the console between then and now is not lost.
UPDATE core.subscriptions AS subscriptions
SET
    state = 'active',
    state_reason = NULL,
    metering_started_at = environments.registered_at
FROM core.environments AS environments
WHERE
    environments.subscription_key = subscriptions.subscription_key
    AND subscriptions.subscription_key = :subscription_key
    AND subscriptions.state = 'deployed'
