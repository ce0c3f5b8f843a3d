-- Keeps what files said of hours that are metered too, so that the next closing finds it whatever this one makes of it.
INSERT INTO metering.imported_hours (
    hour_start, instance_key, environment_key, aku_seconds, peak_aku, used_seconds, import_key
)
SELECT
    hour_start,
    instance_key,
    environment_key,
    aku_seconds,
    peak_aku,
    used_seconds,
    import_key
FROM closing_imports
WHERE NOT is_kept
ON CONFLICT (hour_start, instance_key) DO NOTHING
