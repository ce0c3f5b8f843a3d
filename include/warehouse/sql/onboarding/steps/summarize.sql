SELECT
    subscriptions.subscription_id,
    subscriptions.account_id,
    subscriptions.environment_name,
    subscriptions.region,
    subscriptions.payment,
    subscriptions.state,
    subscriptions.attempt,
    subscriptions.order_id,
    subscriptions.marketplace_instance_id,
    subscriptions.service_instance_id,
    subscriptions.started_at,
    subscriptions.metering_started_at,
    environments.environment_id,
    environments.console_url,
    first_instances.result ->> 'instance_id' AS first_instance_id
FROM core.subscriptions AS subscriptions
LEFT JOIN core.environments AS environments ON subscriptions.subscription_key = environments.subscription_key
LEFT JOIN core.onboarding_steps AS first_instances
    ON
        subscriptions.subscription_key = first_instances.subscription_key
        AND subscriptions.attempt = first_instances.attempt
        AND first_instances.step = 'create_first_instance'
WHERE subscriptions.subscription_id = :subscription_id
