-- What files say of the hours that are closed: as kept, or else as usage has it, which no closing has looked at yet.
CREATE TEMPORARY TABLE closing_imports ON COMMIT DROP AS
SELECT
    kept.hour_start,
    kept.instance_key,
    kept.environment_key,
    kept.aku_seconds,
    kept.peak_aku,
    kept.used_seconds,
    kept.import_key,
    TRUE AS is_kept
FROM metering.imported_hours AS kept
INNER JOIN closing_hours AS hours
    ON kept.environment_key = hours.environment_key AND kept.hour_start = hours.hour_start
WHERE
    hours.state <> 'open'
    AND kept.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
    AND kept.hour_start < :window_end
UNION ALL
SELECT
    usage.hour_start,
    usage.instance_key,
    usage.environment_key,
    usage.aku_seconds,
    usage.peak_aku,
    usage.used_seconds,
    usage.import_key,
    FALSE AS is_kept
FROM metering.usage
INNER JOIN closing_hours AS hours
    ON usage.environment_key = hours.environment_key AND usage.hour_start = hours.hour_start
WHERE
    hours.state <> 'open'
    AND usage.source = 'import'
    -- Said again in constants, so that only the window's partitions are opened.
    AND usage.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
    AND usage.hour_start < :window_end
    AND NOT EXISTS (
        SELECT FROM metering.imported_hours AS kept
        WHERE kept.hour_start = usage.hour_start AND kept.instance_key = usage.instance_key
    )
