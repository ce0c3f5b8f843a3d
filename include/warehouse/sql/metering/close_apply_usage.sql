-- Makes metering.usage what this closing found, for exactly the hours it closes, and notes which of them changed.
-- What was imported stays where readings found nothing, and in the hour in which metering started: readings know only a
-- part of that one. In every other hour readings win over an import.
WITH vanished AS (
    DELETE FROM metering.usage
    USING closing_hours AS hours, core.instances
    WHERE
        hours.state <> 'open'
        AND instances.environment_key = hours.environment_key
        AND usage.instance_key = instances.instance_key
        AND usage.hour_start = hours.hour_start
        -- Said again in constants, so that only the window's partitions are opened.
        AND usage.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
        AND usage.hour_start < :window_end
        AND usage.source = 'readings'
        AND NOT EXISTS (
            SELECT FROM closing_usage AS found
            WHERE found.hour_start = usage.hour_start AND found.instance_key = usage.instance_key
        )
    RETURNING usage.environment_key, usage.hour_start
),

written AS (
    INSERT INTO metering.usage AS kept (
        hour_start,
        instance_key,
        subscription_key,
        environment_key,
        aku_seconds,
        proved_aku_seconds,
        assumed_aku_seconds,
        gap_seconds,
        source
    )
    SELECT
        found.hour_start,
        found.instance_key,
        environments.subscription_key,
        found.environment_key,
        found.aku_seconds,
        found.proved_aku_seconds,
        found.assumed_aku_seconds,
        found.gap_seconds,
        'readings' AS source
    FROM closing_usage AS found
    INNER JOIN closing_environments AS environments ON found.environment_key = environments.environment_key
    WHERE
        environments.metered_from <= found.hour_start
        OR NOT EXISTS (
            SELECT FROM metering.usage AS imported
            WHERE
                imported.hour_start = found.hour_start
                AND imported.instance_key = found.instance_key
                AND imported.source = 'import'
        )
    -- In the order of the index, which is how it grows fastest, and no two writers can lock each other out.
    ORDER BY found.hour_start, found.instance_key
    ON CONFLICT (hour_start, instance_key) DO UPDATE
        SET
            aku_seconds = excluded.aku_seconds,
            proved_aku_seconds = excluded.proved_aku_seconds,
            assumed_aku_seconds = excluded.assumed_aku_seconds,
            gap_seconds = excluded.gap_seconds,
            source = excluded.source,
            import_key = NULL,
            revision = kept.revision + 1
        WHERE
        (
            kept.aku_seconds, kept.proved_aku_seconds, kept.assumed_aku_seconds, kept.gap_seconds, kept.source
        ) IS DISTINCT FROM (
            excluded.aku_seconds,
            excluded.proved_aku_seconds,
            excluded.assumed_aku_seconds,
            excluded.gap_seconds,
            excluded.source
        )
    RETURNING kept.environment_key, kept.hour_start
)

INSERT INTO closing_changes (environment_key, hour_start)
SELECT
    environment_key,
    hour_start
FROM vanished
UNION
SELECT
    environment_key,
    hour_start
FROM written
