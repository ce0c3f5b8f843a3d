-- Enters the readings. A rejected one is entered as last known (at size 0 when nothing was known), and marked: the
-- instance was there, so it is not absent, and what it used is estimated.
INSERT INTO metering.readings (
    observed_at,
    environment_key,
    instance_key,
    subscription_key,
    state,
    aku,
    instance_created_at,
    instance_modified_at,
    is_rejected
)
SELECT
    seen.observed_at,
    seen.environment_key,
    instances.instance_key,
    instances.subscription_key,
    coalesce(seen.state, known.state, 'Unknown') AS state,
    coalesce(seen.aku, known.aku, 0) AS aku,
    coalesce(seen.instance_created_at, known.instance_created_at, seen.observed_at) AS instance_created_at,
    coalesce(seen.instance_modified_at, known.instance_modified_at, seen.observed_at) AS instance_modified_at,
    seen.state IS NULL AS is_rejected
FROM staged_readings AS seen
INNER JOIN staged_polls AS polls
    ON seen.environment_key = polls.environment_key AND seen.observed_at = polls.observed_at
INNER JOIN metering.instances
    ON seen.instance_id = instances.instance_id AND seen.environment_key = instances.environment_key
LEFT JOIN LATERAL (
    SELECT earlier.*
    FROM metering.readings AS earlier
    WHERE
        seen.state IS NULL
        AND earlier.environment_key = seen.environment_key
        AND earlier.instance_key = instances.instance_key
        AND earlier.observed_at = (
            SELECT answered.observed_at
            FROM metering.polls AS answered
            WHERE
                answered.environment_key = seen.environment_key
                AND answered.ok
                AND answered.observed_at < seen.observed_at
            ORDER BY answered.observed_at DESC
            LIMIT 1
        )
    OFFSET 0
) AS known ON TRUE
-- In the order of the index, which is how it grows fastest.
ORDER BY seen.observed_at, seen.environment_key, instances.instance_key
ON CONFLICT (observed_at, environment_key, instance_key) DO NOTHING
