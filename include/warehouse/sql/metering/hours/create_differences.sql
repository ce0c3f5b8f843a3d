-- Where what this closing found differs from what is stored.
CREATE TEMPORARY TABLE closing_differences ON COMMIT DROP AS
WITH kept AS (
    SELECT usage.*
    FROM closing_hours AS hours
    INNER JOIN metering.instances ON hours.environment_key = instances.environment_key
    INNER JOIN metering.usage
        ON instances.instance_key = usage.instance_key AND hours.hour_start = usage.hour_start
    WHERE
        hours.state <> 'open'
        -- Said again in constants, so that only the window's partitions are opened.
        AND usage.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
        AND usage.hour_start < :window_end
),

compared AS (
    SELECT
        coalesce(found.hour_start, kept.hour_start) AS hour_start,
        coalesce(found.instance_key, kept.instance_key) AS instance_key,
        coalesce(found.environment_key, kept.environment_key) AS environment_key,
        found.hour_start IS NOT NULL AS is_found,
        kept.hour_start IS NOT NULL AS is_kept,
        coalesce(found.aku_seconds, 0) AS aku_seconds,
        coalesce(found.inferred_aku_seconds, 0) AS inferred_aku_seconds,
        coalesce(found.estimated_aku_seconds, 0) AS estimated_aku_seconds,
        coalesce(found.gap_seconds, 0) AS gap_seconds,
        coalesce(found.peak_aku, 0) AS peak_aku,
        coalesce(found.used_seconds, 0) AS used_seconds,
        coalesce(found.source, 'readings') AS source,
        found.import_key,
        coalesce(kept.aku_seconds, 0) AS kept_aku_seconds,
        coalesce(kept.estimated_aku_seconds, 0) AS kept_estimated_aku_seconds,
        coalesce(kept.peak_aku, 0) AS kept_peak_aku,
        coalesce(kept.used_seconds, 0) AS kept_used_seconds,
        coalesce(kept.source, 'readings') AS kept_source
    FROM closing_usage AS found
    FULL JOIN kept ON found.hour_start = kept.hour_start AND found.instance_key = kept.instance_key
    WHERE
        (
            found.aku_seconds, found.inferred_aku_seconds, found.estimated_aku_seconds, found.gap_seconds,
            found.peak_aku, found.used_seconds, found.source, found.import_key
        ) IS DISTINCT FROM (
            kept.aku_seconds, kept.inferred_aku_seconds, kept.estimated_aku_seconds, kept.gap_seconds, kept.peak_aku,
            kept.used_seconds, kept.source, kept.import_key
        )
)

SELECT
    compared.*,
    environments.subscription_key,
    hours.bill_key,
    hours.was_closed,
    CASE
        WHEN compared.source = 'import' THEN 'imported'
        WHEN compared.kept_source = 'import' THEN 'measured'
        WHEN hours.earlier_state = 'stale' THEN 'late_answer'
        ELSE 'closed_again'
    END AS cause
FROM compared
INNER JOIN closing_environments AS environments ON compared.environment_key = environments.environment_key
INNER JOIN closing_hours AS hours
    ON compared.environment_key = hours.environment_key AND compared.hour_start = hours.hour_start
