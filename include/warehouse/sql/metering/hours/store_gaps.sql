-- Opens the gaps that this closing found, and resolves those that it did not find again. A waiver holds for what its
-- person saw: it ends when the gap grows.
WITH resolved AS (
    UPDATE metering.gaps
    SET state = 'resolved', closed_at = :at
    FROM closing_environments AS environments
    WHERE
        gaps.environment_key = environments.environment_key
        AND gaps.state = 'open'
        AND gaps.gap_start < :window_end
        AND gaps.gap_end > :window_start
        AND NOT EXISTS (
            SELECT FROM closing_gaps AS found
            WHERE
                found.environment_key = gaps.environment_key
                AND found.instance_key IS NOT DISTINCT FROM gaps.instance_key
                AND found.gap_start = gaps.gap_start
        )
)

INSERT INTO metering.gaps AS kept (environment_key, instance_key, gap_start, gap_end, cause, opened_at)
SELECT
    environment_key,
    instance_key,
    gap_start,
    gap_end,
    cause,
    :at AS opened_at
FROM closing_gaps
ORDER BY environment_key, instance_key, gap_start
ON CONFLICT (environment_key, coalesce(instance_key, 0), gap_start) DO UPDATE SET
    gap_end = excluded.gap_end,
    cause = excluded.cause,
    state = 'open',
    closed_at = NULL,
    closed_by = NULL,
    closed_reason = NULL
WHERE
CASE kept.state
    WHEN 'open' THEN (kept.gap_end, kept.cause) IS DISTINCT FROM (excluded.gap_end, excluded.cause)
    WHEN 'resolved' THEN TRUE
    ELSE excluded.gap_end > kept.gap_end
END
