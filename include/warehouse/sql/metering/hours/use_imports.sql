-- Lets what files say count where it does (metering.import_prevails). After the end of the subscription nothing counts,
-- and nothing while it is frozen.
MERGE INTO closing_usage AS found
USING (
    SELECT
        said.*,
        environments.metered_from
    FROM closing_imports AS said
    INNER JOIN closing_environments AS environments ON said.environment_key = environments.environment_key
    INNER JOIN closing_hours AS hours
        ON said.environment_key = hours.environment_key AND said.hour_start = hours.hour_start
    WHERE (environments.ended_at IS NULL OR environments.ended_at > said.hour_start) AND NOT hours.is_frozen
) AS said
    ON found.hour_start = said.hour_start AND found.instance_key = said.instance_key
WHEN MATCHED AND metering.import_prevails(
    found.aku_seconds, found.estimated_aku_seconds, found.gap_seconds, said.metered_from, said.hour_start
) THEN
    UPDATE SET
        aku_seconds = said.aku_seconds,
        inferred_aku_seconds = 0,
        estimated_aku_seconds = 0,
        gap_seconds = 0,
        peak_aku = said.peak_aku,
        used_seconds = said.used_seconds,
        source = 'import',
        import_key = said.import_key
WHEN NOT MATCHED THEN
    INSERT (
        hour_start, instance_key, environment_key, aku_seconds, inferred_aku_seconds, estimated_aku_seconds,
        gap_seconds, peak_aku, used_seconds, source, import_key
    )
    VALUES (
        said.hour_start, said.instance_key, said.environment_key, said.aku_seconds, 0, 0, 0, said.peak_aku,
        said.used_seconds, 'import', said.import_key
    )
