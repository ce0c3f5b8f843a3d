-- Adds to the sums by subscription and hour what this import changes: the whole of a new row, the change
-- of one that an earlier import had said otherwise. The same sums as refresh_sums would make, without reading usage
-- again: rows of imports are neither inferred nor estimated, and the lock of usage keeps others from changing it
-- meanwhile. A digest of the usage is taken later (metering.take_digests).
INSERT INTO metering.subscription_hours AS kept (
    hour_start,
    subscription_key,
    instance_count,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds,
    peak_aku,
    whole_hour_aku_seconds
)
SELECT
    judged.hour_start,
    who.subscription_key,
    count(*) FILTER (WHERE judged.known_aku_seconds IS NULL) AS instance_count,
    -- As INTEGER, which usage fits into, for a sum of BIGINT is slow; the sum itself is BIGINT.
    sum(CAST(judged.aku_seconds - coalesce(judged.known_aku_seconds, 0) AS integer)) AS aku_seconds,
    0 AS inferred_aku_seconds,
    0 AS estimated_aku_seconds,
    0 AS gap_seconds,
    sum(judged.peak_aku - judged.known_peak_aku) AS peak_aku,
    sum(
        billing.whole_hour_aku_seconds(judged.aku_seconds, judged.used_seconds)
        - billing.whole_hour_aku_seconds(coalesce(judged.known_aku_seconds, 0), judged.known_used_seconds)
    ) AS whole_hour_aku_seconds
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
WHERE
    judged.rule IS NULL
    AND NOT judged.is_billed
    AND NOT judged.is_estimate
    AND judged.is_known IS NOT TRUE
GROUP BY judged.hour_start, who.subscription_key
-- In the order of the index, which is how it grows fastest.
ORDER BY judged.hour_start, who.subscription_key
ON CONFLICT (hour_start, subscription_key) DO UPDATE SET
    instance_count = kept.instance_count + excluded.instance_count,
    aku_seconds = kept.aku_seconds + excluded.aku_seconds,
    peak_aku = kept.peak_aku + excluded.peak_aku,
    whole_hour_aku_seconds = kept.whole_hour_aku_seconds + excluded.whole_hour_aku_seconds,
    usage_digest = NULL
