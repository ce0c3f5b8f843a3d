-- The sums that rating reads, as metering keeps them.
INSERT INTO metering.subscription_hours (
    hour_start, subscription_key, instance_count, aku_seconds, inferred_aku_seconds, estimated_aku_seconds, gap_seconds,
    peak_aku, whole_hour_aku_seconds
)
SELECT
    hour_start,
    subscription_key,
    count(*) AS instance_count,
    sum(aku_seconds) AS aku_seconds,
    0 AS inferred_aku_seconds,
    0 AS estimated_aku_seconds,
    0 AS gap_seconds,
    sum(peak_aku) AS peak_aku,
    sum(billing.whole_hour_aku_seconds(aku_seconds, used_seconds)) AS whole_hour_aku_seconds
FROM metering.usage
GROUP BY hour_start, subscription_key
