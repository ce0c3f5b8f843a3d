-- Adds up the hours of changed_hours from their usage: always the same sums, however often it runs. An hour
-- without usage has no row.
WITH changed AS MATERIALIZED (
    SELECT DISTINCT
        subscription_key,
        hour_start
    FROM changed_hours
),

sums AS MATERIALIZED (
    SELECT
        changed.subscription_key,
        changed.hour_start,
        count(usage.instance_key) AS instance_count,
        sum(usage.aku_seconds) AS aku_seconds,
        sum(usage.inferred_aku_seconds) AS inferred_aku_seconds,
        sum(usage.estimated_aku_seconds) AS estimated_aku_seconds,
        sum(usage.gap_seconds) AS gap_seconds,
        sum(usage.peak_aku) AS peak_aku,
        sum(billing.whole_hour_aku_seconds(usage.aku_seconds, usage.used_seconds)) AS whole_hour_aku_seconds,
        sum(
            metering.usage_hash(
                environments.environment_id, instances.instance_id, usage.hour_start, usage.aku_seconds,
                usage.inferred_aku_seconds, usage.estimated_aku_seconds, usage.peak_aku, usage.used_seconds,
                usage.source
            )
        ) AS usage_digest
    FROM changed
    LEFT JOIN metering.instances ON changed.subscription_key = instances.subscription_key
    LEFT JOIN core.environments ON instances.environment_key = environments.environment_key
    LEFT JOIN metering.usage
        ON
            instances.instance_key = usage.instance_key
            AND changed.hour_start = usage.hour_start
            -- Said again in constants, so that only the window's partitions are opened.
            AND usage.hour_start >= :window_start
            AND usage.hour_start < :window_end
    GROUP BY changed.subscription_key, changed.hour_start
),

emptied AS (
    DELETE FROM metering.subscription_hours AS kept
    USING sums
    WHERE
        sums.instance_count = 0
        AND kept.hour_start = sums.hour_start
        AND kept.subscription_key = sums.subscription_key
        AND kept.hour_start >= :window_start
        AND kept.hour_start < :window_end
)

INSERT INTO metering.subscription_hours AS kept (
    hour_start,
    subscription_key,
    instance_count,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds,
    peak_aku,
    whole_hour_aku_seconds,
    usage_digest
)
SELECT
    hour_start,
    subscription_key,
    instance_count,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds,
    peak_aku,
    whole_hour_aku_seconds,
    usage_digest
FROM sums
WHERE instance_count > 0
-- In the order of the index, which is how it grows fastest.
ORDER BY hour_start, subscription_key
ON CONFLICT (hour_start, subscription_key) DO UPDATE SET
    instance_count = excluded.instance_count,
    aku_seconds = excluded.aku_seconds,
    inferred_aku_seconds = excluded.inferred_aku_seconds,
    estimated_aku_seconds = excluded.estimated_aku_seconds,
    gap_seconds = excluded.gap_seconds,
    peak_aku = excluded.peak_aku,
    whole_hour_aku_seconds = excluded.whole_hour_aku_seconds,
    usage_digest = excluded.usage_digest
