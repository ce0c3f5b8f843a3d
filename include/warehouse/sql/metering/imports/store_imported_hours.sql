-- Keeps what the file says of hours that are metered too, whether it counts now or not, and makes these hours due: the
-- next closing decides by what is stored.
WITH kept AS (
    INSERT INTO metering.imported_hours AS kept (
        hour_start, instance_key, environment_key, aku_seconds, peak_aku, used_seconds, import_key
    )
    SELECT
        judged.hour_start,
        instances.instance_key,
        instances.environment_key,
        judged.aku_seconds,
        judged.peak_aku,
        judged.used_seconds,
        CAST(:import_key AS bigint) AS import_key
    FROM classified_rows AS judged
    INNER JOIN staged_instances AS who ON judged.pair = who.pair
    INNER JOIN metering.instances
        ON who.environment_key = instances.environment_key AND who.instance_id = instances.instance_id
    WHERE judged.is_metered AND (judged.rule IS NULL OR judged.rule = 'already_measured')
    ON CONFLICT (hour_start, instance_key) DO UPDATE SET
        aku_seconds = excluded.aku_seconds,
        peak_aku = excluded.peak_aku,
        used_seconds = excluded.used_seconds,
        import_key = excluded.import_key
    WHERE
    (kept.aku_seconds, kept.peak_aku, kept.used_seconds)
    <> (excluded.aku_seconds, excluded.peak_aku, excluded.used_seconds)
)

UPDATE metering.environment_hours AS hours
SET state = 'stale'
FROM (
    SELECT DISTINCT
        who.environment_key,
        judged.hour_start
    FROM classified_rows AS judged
    INNER JOIN staged_instances AS who ON judged.pair = who.pair
    WHERE judged.is_metered AND judged.rule IS NULL
) AS imported
WHERE
    hours.environment_key = imported.environment_key
    AND hours.hour_start = imported.hour_start
    AND hours.state IN ('closed', 'provisional')
