-- Machines without an instance, and unregistered environments: opens findings, or sees open ones again.
INSERT INTO operations.machine_discrepancies AS kept (
    kind, account_id, region, environment_id, instance_id, environment_key, first_seen_at, last_seen_at, opened_at
)
SELECT
    kind,
    account_id,
    region,
    environment_id,
    instance_id,
    environment_key,
    min(observed_at) AS first_seen_at,
    max(observed_at) AS last_seen_at,
    CAST(:at AS timestamptz) AS opened_at
FROM evaluated_sightings
WHERE kind IS NOT NULL
GROUP BY kind, account_id, region, environment_id, instance_id, environment_key
ON CONFLICT (kind, account_id, region, environment_id, instance_id) WHERE state = 'open' DO UPDATE SET
    first_seen_at = least(kept.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(kept.last_seen_at, excluded.last_seen_at)
