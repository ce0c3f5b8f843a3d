-- Cuts out of gaps the parts in which nothing is missing. What is left of a gap that a person waived stays waived.
WITH cut AS MATERIALIZED (
    SELECT
        gaps.*,
        cuts.spans
    FROM closing_gaps AS gaps
    INNER JOIN (
        SELECT
            environment_key,
            instance_key,
            gap_start,
            range_agg(spans) AS spans
        FROM closing_cuts
        GROUP BY environment_key, instance_key, gap_start
    ) AS cuts
        ON
            gaps.environment_key = cuts.environment_key
            AND gaps.instance_key IS NOT DISTINCT FROM cuts.instance_key
            AND gaps.gap_start = cuts.gap_start
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
