-- The instances that were seen. Most are quiet: every poll lists them at one size, and nothing was modified since the
-- first of these polls. For them each interval is the first row of the rules, so that they need no look at their
-- intervals one by one.
CREATE TEMPORARY TABLE closing_instances ON COMMIT DROP AS
WITH environments AS (
    SELECT
        environment_key,
        count(*) AS poll_count,
        min(observed_at) AS first_at
    FROM closing_polls
    GROUP BY environment_key
    HAVING NOT bool_or(is_first OR is_trailing)
),

instances AS (
    SELECT
        instance_key,
        environment_key,
        count(*) AS sighting_count,
        min(aku) AS smallest_aku,
        max(aku) AS largest_aku,
        max(modified_at) AS modified_at,
        bool_or(is_rejected) AS is_rejected
    FROM closing_sightings
    GROUP BY instance_key, environment_key
)

SELECT
    instances.instance_key,
    instances.environment_key,
    instances.largest_aku AS aku,
    coalesce(
        instances.sighting_count = environments.poll_count
        AND instances.smallest_aku = instances.largest_aku
        AND instances.modified_at <= environments.first_at
        AND NOT instances.is_rejected,
        FALSE
    ) AS is_quiet
FROM instances
LEFT JOIN environments ON instances.environment_key = environments.environment_key
