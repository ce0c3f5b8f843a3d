-- What each instance used in two periods, those that changed most first.
SELECT
    i.instance_id,
    coalesce(i.name, i.instance_id) AS name,
    count(*) FILTER (WHERE u.hour_start < :period_start AND u.aku_seconds > 0) AS hours_before,
    count(*) FILTER (WHERE u.hour_start >= :period_start AND u.aku_seconds > 0) AS hours,
    coalesce(CAST(sum(u.aku_seconds) FILTER (WHERE u.hour_start < :period_start) AS bigint), 0) AS aku_seconds_before,
    coalesce(CAST(sum(u.aku_seconds) FILTER (WHERE u.hour_start >= :period_start) AS bigint), 0) AS aku_seconds,
    count(*) OVER () AS instance_count
FROM metering.usage AS u
INNER JOIN metering.instances AS i ON u.instance_key = i.instance_key
WHERE
    u.subscription_key = :subscription_key
    AND u.hour_start >= :before_start
    AND u.hour_start < :period_end
GROUP BY i.instance_key
HAVING sum(u.aku_seconds) > 0
ORDER BY
    abs(
        coalesce(sum(u.aku_seconds) FILTER (WHERE u.hour_start >= :period_start), 0)
        - coalesce(sum(u.aku_seconds) FILTER (WHERE u.hour_start < :period_start), 0)
    ) DESC,
    i.instance_id ASC
LIMIT :at_most
