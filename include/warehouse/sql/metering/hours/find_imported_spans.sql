-- An hour of which a file says what was used is not under a gap any more: of one instance, when the file has it; of the
-- whole environment, when files have every instance that was listed at either end of the silence.
WITH said AS MATERIALIZED (
    SELECT
        hour_start,
        instance_key,
        environment_key
    FROM closing_imports
    UNION
    SELECT
        kept.hour_start,
        kept.instance_key,
        kept.environment_key
    FROM metering.imported_hours AS kept
    INNER JOIN (
        SELECT
            environment_key,
            min(gap_start) AS first_start,
            max(gap_end) AS last_end
        FROM closing_gaps
        GROUP BY environment_key
    ) AS spans ON kept.environment_key = spans.environment_key
    WHERE kept.hour_start > spans.first_start - interval '1 hour' AND kept.hour_start < spans.last_end
),

stored AS (
    SELECT DISTINCT
        gaps.environment_key,
        gaps.instance_key,
        gaps.gap_start,
        said.hour_start
    FROM closing_gaps AS gaps
    INNER JOIN said
        ON
            gaps.environment_key = said.environment_key
            AND coalesce(gaps.instance_key, said.instance_key) = said.instance_key
            AND gaps.gap_start < said.hour_start + interval '1 hour'
            AND gaps.gap_end > said.hour_start
    WHERE
        gaps.instance_key IS NOT NULL
        OR NOT EXISTS (
            SELECT FROM metering.readings
            WHERE
                readings.environment_key = gaps.environment_key
                AND readings.observed_at IN (gaps.gap_start, gaps.gap_end)
                AND readings.state = any(:billable_states)
                AND readings.aku > 0
                AND NOT EXISTS (
                    SELECT FROM said AS other
                    WHERE other.instance_key = readings.instance_key AND other.hour_start = said.hour_start
                )
        )
)

INSERT INTO closing_cuts (environment_key, instance_key, gap_start, spans)
SELECT
    environment_key,
    instance_key,
    gap_start,
    range_agg(tstzrange(hour_start, hour_start + interval '1 hour')) AS spans
FROM stored
GROUP BY environment_key, instance_key, gap_start
