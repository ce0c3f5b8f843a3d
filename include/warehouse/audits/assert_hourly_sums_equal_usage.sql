-- The sums by subscription and hour are those of the usage, for every hour of the period that either of them knows.
WITH used AS (
    SELECT
        subscription_key,
        hour_start,
        count(*) AS instance_count,
        -- The table's checks keep a row within INTEGER, whose sum is BIGINT; the sum of BIGINT would be NUMERIC.
        sum(CAST(aku_seconds AS integer)) AS aku_seconds,
        sum(CAST(inferred_aku_seconds AS integer)) AS inferred_aku_seconds,
        sum(CAST(estimated_aku_seconds AS integer)) AS estimated_aku_seconds,
        sum(gap_seconds) AS gap_seconds,
        sum(peak_aku) AS peak_aku,
        sum(billing.whole_hour_aku_seconds(aku_seconds, used_seconds)) AS whole_hour_aku_seconds
    FROM metering.usage
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
    GROUP BY subscription_key, hour_start
),

summed AS (
    SELECT *
    FROM metering.subscription_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
),

differing AS (
    SELECT
        coalesce(used.subscription_key, summed.subscription_key) AS subscription_key,
        coalesce(used.hour_start, summed.hour_start) AS hour_start
    FROM used
    FULL JOIN summed ON used.subscription_key = summed.subscription_key AND used.hour_start = summed.hour_start
    WHERE
        used.instance_count IS DISTINCT FROM summed.instance_count
        OR used.aku_seconds IS DISTINCT FROM summed.aku_seconds
        OR used.inferred_aku_seconds IS DISTINCT FROM summed.inferred_aku_seconds
        OR used.estimated_aku_seconds IS DISTINCT FROM summed.estimated_aku_seconds
        OR used.gap_seconds IS DISTINCT FROM summed.gap_seconds
        OR used.peak_aku IS DISTINCT FROM summed.peak_aku
        OR used.whole_hour_aku_seconds IS DISTINCT FROM summed.whole_hour_aku_seconds
)

SELECT
    b.bill_key,
    jsonb_build_object(
        'hour_count', count(*),
        'first_hour', min(d.hour_start)
    ) AS facts
FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
INNER JOIN differing AS d ON b.subscription_key = d.subscription_key
GROUP BY b.bill_key
