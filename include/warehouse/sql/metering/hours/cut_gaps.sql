-- An hour of which a file says what was used is not under a gap any more: of one instance, when the file has it; of the
-- whole environment, when files have every instance that was listed at either end of the silence. What is left of a
-- gap that a person waived stays waived.
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
),

cut AS MATERIALIZED (
    SELECT
        gaps.*,
        hours.stored
    FROM closing_gaps AS gaps
    INNER JOIN (
        SELECT
            environment_key,
            instance_key,
            gap_start,
            range_agg(tstzrange(hour_start, hour_start + interval '1 hour')) AS stored
        FROM stored
        GROUP BY environment_key, instance_key, gap_start
    ) AS hours
        ON
            gaps.environment_key = hours.environment_key
            AND gaps.instance_key IS NOT DISTINCT FROM hours.instance_key
            AND gaps.gap_start = hours.gap_start
),

taken AS (
    DELETE FROM closing_gaps AS gaps
    USING cut
    WHERE
        gaps.environment_key = cut.environment_key
        AND gaps.instance_key IS NOT DISTINCT FROM cut.instance_key
        AND gaps.gap_start = cut.gap_start
)

INSERT INTO closing_gaps (environment_key, instance_key, gap_start, gap_end, cause, observed_at)
SELECT
    cut.environment_key,
    cut.instance_key,
    lower(pieces.piece) AS gap_start,
    upper(pieces.piece) AS gap_end,
    cut.cause,
    cut.observed_at
FROM cut
CROSS JOIN LATERAL unnest(tstzmultirange(tstzrange(cut.gap_start, cut.gap_end)) - cut.stored) AS pieces (piece)
WHERE
    NOT EXISTS (
        SELECT FROM metering.gaps AS waived
        WHERE
            waived.environment_key = cut.environment_key
            AND waived.instance_key IS NOT DISTINCT FROM cut.instance_key
            AND waived.state = 'waived'
            AND waived.gap_start <= lower(pieces.piece)
            AND waived.gap_end >= upper(pieces.piece)
    )
