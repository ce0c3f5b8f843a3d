-- Whole hours in a freeze do not count, so nothing is missing in them.
INSERT INTO closing_cuts (environment_key, instance_key, gap_start, spans)
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
