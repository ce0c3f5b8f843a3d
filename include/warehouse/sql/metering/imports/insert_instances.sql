-- Enters the instances that only history knows so far, and stretches the time in which the others were seen.
INSERT INTO metering.instances (instance_id, environment_key, subscription_key, first_seen_at, last_seen_at)
SELECT
    instance_id,
    environment_key,
    subscription_key,
    first_hour AS first_seen_at,
    last_hour AS last_seen_at
FROM staged_instances
WHERE first_hour IS NOT NULL
ORDER BY pair
ON CONFLICT (environment_key, instance_id) DO UPDATE SET
    first_seen_at = least(instances.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(instances.last_seen_at, excluded.last_seen_at)
WHERE
instances.first_seen_at > excluded.first_seen_at
OR instances.last_seen_at < excluded.last_seen_at
