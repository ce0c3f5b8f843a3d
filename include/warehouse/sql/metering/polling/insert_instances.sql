-- Enters instances at first sight. Later sights are written about once an hour, not at every poll.
INSERT INTO metering.instances AS kept (
    instance_id, environment_key, subscription_key, name, created_at, first_seen_at, last_seen_at
)
SELECT DISTINCT ON (seen.environment_key, seen.instance_id)
    seen.instance_id,
    environments.environment_key,
    environments.subscription_key,
    seen.name,
    seen.instance_created_at AS created_at,
    min(seen.observed_at) OVER (PARTITION BY seen.instance_id, seen.environment_key) AS first_seen_at,
    seen.observed_at AS last_seen_at
FROM staged_readings AS seen
INNER JOIN staged_polls AS polls
    ON seen.environment_key = polls.environment_key AND seen.observed_at = polls.observed_at
INNER JOIN core.environments ON seen.environment_key = environments.environment_key
ORDER BY seen.environment_key ASC, seen.instance_id ASC, seen.observed_at DESC
ON CONFLICT (environment_key, instance_id) DO UPDATE SET
    name = coalesce(CASE WHEN excluded.last_seen_at >= kept.last_seen_at THEN excluded.name END, kept.name),
    created_at = coalesce(kept.created_at, excluded.created_at),
    first_seen_at = least(kept.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(kept.last_seen_at, excluded.last_seen_at)
WHERE
excluded.last_seen_at > kept.last_seen_at + interval '1 hour'
OR excluded.first_seen_at < kept.first_seen_at
OR excluded.last_seen_at > kept.last_seen_at AND excluded.name <> kept.name
OR kept.created_at IS NULL AND excluded.created_at IS NOT NULL
