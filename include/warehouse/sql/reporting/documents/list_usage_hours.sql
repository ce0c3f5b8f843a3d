-- Every hour of a subscription's period that has usage, in the plan's wall clock. Where clocks are put back, two hours
-- have the same wall clock and count as one.
SELECT
    CAST(hour_start AT TIME ZONE :time_zone AS date) AS used_on,
    CAST(extract(HOUR FROM hour_start AT TIME ZONE :time_zone) AS integer) AS hour_of_day,
    CAST(sum(aku_seconds) AS bigint) AS aku_seconds,
    CAST(sum(estimated_aku_seconds) AS bigint) AS estimated_aku_seconds
FROM metering.usage
WHERE
    subscription_key = :subscription_key
    AND hour_start >= :period_start
    AND hour_start < :period_end
GROUP BY used_on, hour_of_day
ORDER BY used_on, hour_of_day
