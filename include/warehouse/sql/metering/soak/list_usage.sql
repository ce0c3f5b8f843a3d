-- Every hour of usage.
SELECT
    instances.instance_id,
    usage.hour_start,
    usage.aku_seconds
FROM metering.usage
INNER JOIN core.instances ON usage.instance_key = instances.instance_key
