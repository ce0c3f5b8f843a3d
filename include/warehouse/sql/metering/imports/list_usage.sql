-- All usage, by instance, hour and environment: two environments may use the same instance id.
SELECT
    instances.instance_id,
    usage.hour_start,
    usage.aku_seconds,
    usage.estimated_aku_seconds,
    usage.gap_seconds,
    environments.environment_id
FROM metering.usage
INNER JOIN metering.instances ON usage.instance_key = instances.instance_key
INNER JOIN core.environments ON usage.environment_key = environments.environment_key
ORDER BY instances.instance_id, environments.environment_id, usage.hour_start
