-- Whole hours in a freeze do not count, so nothing is missing in them: what is left of a gap lies outside.
WITH frozen AS MATERIALIZED (
    SELECT
        gaps.environment_key,
        gaps.instance_key,
        gaps.gap_start,
        range_agg(
            tstzrange(freezes.frozen_from, date_trunc('hour', coalesce(freezes.frozen_until, 'infinity'), 'UTC'))
        ) AS spans
    FROM closing_gaps AS gaps
    INNER JOIN closing_environments AS environments ON gaps.environment_key = environments.environment_key
    INNER JOIN core.freezes
        ON
            environments.subscription_key = freezes.subscription_key
            AND gaps.gap_end > freezes.frozen_from
            AND gaps.gap_start < coalesce(freezes.frozen_until, 'infinity')
    GROUP BY gaps.environment_key, gaps.instance_key, gaps.gap_start
),

cut AS MATERIALIZED (
    SELECT
        gaps.*,
        frozen.spans
    FROM closing_gaps AS gaps
    INNER JOIN frozen
        ON
            gaps.environment_key = frozen.environment_key
            AND gaps.instance_key IS NOT DISTINCT FROM frozen.instance_key
            AND gaps.gap_start = frozen.gap_start
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
CROSS JOIN LATERAL unnest(tstzmultirange(tstzrange(cut.gap_start, cut.gap_end)) - cut.spans) AS pieces (piece)
