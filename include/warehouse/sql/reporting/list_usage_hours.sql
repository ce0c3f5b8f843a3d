-- Every hour of a subscription's period that has usage, by instance, in the plan's wall clock.
SELECT
    CAST(u.hour_start AT TIME ZONE :time_zone AS date) AS used_on,
    CAST(extract(HOUR FROM u.hour_start AT TIME ZONE :time_zone) AS integer) AS hour_of_day,
    i.instance_id,
    coalesce(i.name, i.instance_id) AS instance_name,
    u.aku_seconds,
    u.assumed_aku_seconds,
    u.gap_seconds
FROM metering.usage AS u
INNER JOIN core.instances AS i ON u.instance_key = i.instance_key
WHERE
    u.subscription_key = :subscription_key
    AND u.hour_start >= :period_start
    AND u.hour_start < :period_end
ORDER BY u.hour_start, i.instance_id
