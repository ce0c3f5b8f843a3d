-- Makes metering.usage what this closing found, for exactly the hours it closes. Hours on issued bills stay as they
-- were billed; record_late_usage keeps what is known of them now.
WITH vanished AS (
    DELETE FROM metering.usage
    USING closing_differences AS differences
    WHERE
        NOT differences.is_found
        AND differences.bill_key IS NULL
        AND usage.hour_start = differences.hour_start
        AND usage.instance_key = differences.instance_key
        -- Said again in constants, so that only the window's partitions are opened.
        AND usage.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
        AND usage.hour_start < :window_end
),

changed AS (
    UPDATE metering.usage
    SET
        aku_seconds = differences.aku_seconds,
        inferred_aku_seconds = differences.inferred_aku_seconds,
        estimated_aku_seconds = differences.estimated_aku_seconds,
        gap_seconds = differences.gap_seconds,
        peak_aku = differences.peak_aku,
        used_seconds = differences.used_seconds,
        source = differences.source,
        import_key = differences.import_key,
        revision = usage.revision + 1
    FROM closing_differences AS differences
    WHERE
        differences.is_found
        AND differences.is_kept
        AND differences.bill_key IS NULL
        AND usage.hour_start = differences.hour_start
        AND usage.instance_key = differences.instance_key
        AND usage.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
        AND usage.hour_start < :window_end
)

INSERT INTO metering.usage (
    hour_start,
    instance_key,
    subscription_key,
    environment_key,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds,
    peak_aku,
    used_seconds,
    source,
    import_key
)
SELECT
    hour_start,
    instance_key,
    subscription_key,
    environment_key,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds,
    peak_aku,
    used_seconds,
    source,
    import_key
FROM closing_differences
WHERE is_found AND NOT is_kept AND bill_key IS NULL
-- In the order of the index, which is how it grows fastest.
ORDER BY hour_start, instance_key
