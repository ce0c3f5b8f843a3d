-- Says which environment a machine belongs to, for those with sightings to be evaluated: by the service instance that
-- Compute Nest tagged it with, else by the environment's own tag, else by its Kafka instance. Tags are the buyer's to
-- write, so only environments of the same buyer count. An environment registered later is found by the next sighting.
WITH pending AS (
    SELECT DISTINCT machine_key
    FROM operations.machine_sightings
    WHERE compared_at IS NULL
),

placed AS (
    SELECT
        machines.machine_key,
        coalesce(by_service.environment_key, by_environment.environment_key, by_instance.environment_key)
            AS environment_key
    FROM pending
    INNER JOIN operations.machines ON pending.machine_key = machines.machine_key
    LEFT JOIN LATERAL (
        SELECT environments.environment_key
        FROM core.environments
        INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
        WHERE
            subscriptions.account_id = machines.account_id
            AND subscriptions.service_instance_id = machines.service_instance_tag
        ORDER BY environments.environment_key DESC
        LIMIT 1
    ) AS by_service ON TRUE
    LEFT JOIN LATERAL (
        SELECT environments.environment_key
        FROM core.environments
        INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
        WHERE
            environments.environment_id = machines.environment_tag
            AND subscriptions.account_id = machines.account_id
    ) AS by_environment ON TRUE
    LEFT JOIN LATERAL (
        SELECT instances.environment_key
        FROM core.environments
        INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
        INNER JOIN metering.instances ON environments.environment_key = instances.environment_key
        WHERE
            instances.instance_id = machines.instance_tag
            AND subscriptions.account_id = machines.account_id
        -- Two consoles of a buyer may use the same id: then the region decides, and who listed it last.
        ORDER BY
            subscriptions.region = machines.region DESC,
            instances.last_seen_at DESC,
            instances.environment_key DESC
        LIMIT 1
    ) AS by_instance ON TRUE
)

UPDATE operations.machines
SET environment_key = placed.environment_key
FROM placed
WHERE
    machines.machine_key = placed.machine_key
    AND machines.environment_key IS DISTINCT FROM placed.environment_key
