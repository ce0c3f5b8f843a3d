-- Gaps of single instances: time of an interval of which the usage is not known.
INSERT INTO closing_gaps (environment_key, instance_key, gap_start, gap_end, cause, observed_at)
SELECT
    environment_key,
    instance_key,
    gap_start,
    gap_end,
    gap_cause AS cause,
    to_at AS observed_at
FROM closing_intervals
WHERE gap_start < gap_end
