-- All usage, by instance and hour.
SELECT
    instances.instance_id,
    usage.hour_start,
    usage.aku_seconds,
    usage.assumed_aku_seconds,
    usage.gap_seconds
FROM metering.usage
INNER JOIN core.instances ON usage.instance_key = instances.instance_key
ORDER BY instances.instance_id, usage.hour_start
