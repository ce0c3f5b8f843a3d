-- The sums that rating reads, as metering keeps them.
INSERT INTO metering.subscription_hours (
    hour_start, subscription_key, instance_count, aku_seconds, proved_aku_seconds, assumed_aku_seconds, gap_seconds
)
SELECT
    hour_start,
    subscription_key,
    count(*) AS instance_count,
    sum(aku_seconds) AS aku_seconds,
    0 AS proved_aku_seconds,
    0 AS assumed_aku_seconds,
    0 AS gap_seconds
FROM metering.usage
GROUP BY hour_start, subscription_key
