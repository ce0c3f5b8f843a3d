-- Every day of a subscription's period that has usage, by instance, in the plan's wall clock.
SELECT
    CAST(u.hour_start AT TIME ZONE :time_zone AS date) AS used_on,
    i.instance_id,
    coalesce(i.name, i.instance_id) AS instance_name,
    CAST(sum(u.aku_seconds) AS bigint) AS aku_seconds
FROM metering.usage AS u
INNER JOIN metering.instances AS i ON u.instance_key = i.instance_key
WHERE
    u.subscription_key = :subscription_key
    AND u.hour_start >= :period_start
    AND u.hour_start < :period_end
GROUP BY used_on, i.instance_key
ORDER BY used_on, i.instance_id
