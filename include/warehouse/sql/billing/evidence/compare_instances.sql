-- Bills with hours in the period whose instance-hours do not add up to what was rated.
WITH chosen AS (
    SELECT
        bill_key,
        subscription_key
    FROM billing.bills
    WHERE bill_key = any(:bill_keys) AND document = 'bill'
),

used AS (
    SELECT *
    FROM metering.summed_usage(:period_start, :period_end, (SELECT array_agg(subscription_key) FROM chosen))
),

summed AS (
    SELECT
        subscription_key,
        hour_start,
        aku_seconds,
        peak_aku,
        whole_hour_aku_seconds
    FROM metering.subscription_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND subscription_key IN (SELECT subscription_key FROM chosen)
),

differing AS (
    SELECT
        coalesce(used.subscription_key, summed.subscription_key) AS subscription_key,
        coalesce(used.hour_start, summed.hour_start) AS hour_start,
        coalesce(used.aku_seconds, 0) AS used_aku_seconds,
        coalesce(summed.aku_seconds, 0) AS summed_aku_seconds
    FROM used
    FULL JOIN summed ON used.subscription_key = summed.subscription_key AND used.hour_start = summed.hour_start
    WHERE
        coalesce(used.aku_seconds, 0) <> coalesce(summed.aku_seconds, 0)
        OR coalesce(used.peak_aku, 0) <> coalesce(summed.peak_aku, 0)
        OR coalesce(used.whole_hour_aku_seconds, 0) <> coalesce(summed.whole_hour_aku_seconds, 0)
)

SELECT
    c.bill_key,
    count(*) AS hour_count,
    min(d.hour_start) AS first_hour,
    CAST(sum(d.used_aku_seconds - d.summed_aku_seconds) AS bigint) AS aku_seconds
FROM chosen AS c
INNER JOIN differing AS d ON c.subscription_key = d.subscription_key
GROUP BY c.bill_key
ORDER BY c.bill_key
