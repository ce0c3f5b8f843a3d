-- What the warehouse knows of the subscriptions and instances that a file names, and which of them it cannot take.
WITH matched AS (
    SELECT
        staged.pair,
        subscriptions.subscription_key,
        subscriptions.started_at,
        subscriptions.ended_at,
        date_trunc('second', subscriptions.metering_started_at) AS metered_from,
        environments.environment_key,
        instances.instance_key
    FROM staged_instances AS staged
    LEFT JOIN core.subscriptions ON staged.subscription_id = subscriptions.subscription_id
    LEFT JOIN core.environments ON subscriptions.subscription_key = environments.subscription_key
    LEFT JOIN metering.instances
        ON environments.environment_key = instances.environment_key AND staged.instance_id = instances.instance_id
),

issued AS (
    SELECT
        subscription_key,
        range_agg(tstzrange(period_start, period_end)) AS periods
    FROM billing.issued_bills
    GROUP BY subscription_key
)

UPDATE staged_instances AS staged
SET
    subscription_key = matched.subscription_key,
    environment_key = matched.environment_key,
    instance_key = matched.instance_key,
    started_at = matched.started_at,
    ended_at = matched.ended_at,
    metered_from = matched.metered_from,
    issued = coalesce(issued.periods, '{}'),
    rule = CASE
        WHEN matched.subscription_key IS NULL THEN 'unknown_subscription'
        WHEN matched.environment_key IS NULL THEN 'no_environment'
    END
FROM matched
LEFT JOIN issued ON matched.subscription_key = issued.subscription_key
WHERE matched.pair = staged.pair
