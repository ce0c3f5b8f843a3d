SELECT subscriptions.subscription_id
FROM core.environments AS environments
INNER JOIN core.subscriptions AS subscriptions ON environments.subscription_key = subscriptions.subscription_key
WHERE environments.environment_id = :environment_id AND subscriptions.subscription_key <> :subscription_key
