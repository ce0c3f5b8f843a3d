-- Enters the instances that only history knows so far, and stretches the time in which the others were seen.
INSERT INTO core.instances (instance_id, environment_key, subscription_key, first_seen_at, last_seen_at)
SELECT
    who.instance_id,
    who.environment_key,
    who.subscription_key,
    min(judged.hour_start) AS first_seen_at,
    max(judged.hour_start) AS last_seen_at
FROM judged_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
WHERE judged.rule IS NULL
GROUP BY who.pair
ORDER BY who.pair
ON CONFLICT (instance_id) DO UPDATE SET
    first_seen_at = least(instances.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(instances.last_seen_at, excluded.last_seen_at)
WHERE
instances.first_seen_at > excluded.first_seen_at
OR instances.last_seen_at < excluded.last_seen_at
