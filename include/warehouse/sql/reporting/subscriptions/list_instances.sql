SELECT
    instance_id,
    name,
    first_seen_at,
    last_seen_at
FROM metering.instances
WHERE subscription_key = :subscription_key
ORDER BY first_seen_at, instance_id
