-- Instances without machines: billable in the polls on both sides of the last whole listing of their buyer and region,
-- which showed no machine of theirs, nor one of their environment whose tags name no instance.
INSERT INTO operations.machine_discrepancies AS kept (
    kind, account_id, region, environment_id, instance_id, environment_key, machine_hours,
    first_seen_at, last_seen_at, opened_at
)
SELECT
    'instance_without_machines' AS kind,
    listings.account_id,
    listings.region,
    environments.environment_id,
    listed.instance_id,
    listed.environment_key,
    1 AS machine_hours,
    listings.listed_at AS first_seen_at,
    listings.listed_at AS last_seen_at,
    CAST(:at AS timestamptz) AS opened_at
FROM operations.machine_listings AS listings
INNER JOIN core.subscriptions
    ON listings.account_id = subscriptions.account_id AND listings.region = subscriptions.region
INNER JOIN core.environments ON subscriptions.subscription_key = environments.subscription_key
INNER JOIN machine_listed_instances AS listed
    ON environments.environment_key = listed.environment_key AND listings.listed_at = listed.observed_at
WHERE
    listed.is_billable_throughout
    AND environments.state = 'metered'
    AND NOT EXISTS (
        SELECT 1
        FROM operations.machines
        INNER JOIN operations.machine_sightings AS sightings ON machines.machine_key = sightings.machine_key
        WHERE
            machines.environment_key = environments.environment_key
            AND machines.account_id = listings.account_id
            AND machines.region = listings.region
            AND sightings.hour_start = date_trunc('hour', listings.listed_at, 'UTC')
            AND sightings.observed_at = listings.listed_at
            AND coalesce(machines.instance_tag, listed.instance_id) = listed.instance_id
    )
ON CONFLICT (kind, account_id, region, environment_id, instance_id) WHERE state = 'open' DO UPDATE SET
    machine_hours = kept.machine_hours + CASE
        WHEN date_trunc('hour', excluded.last_seen_at, 'UTC') > date_trunc('hour', kept.last_seen_at, 'UTC') THEN 1
        ELSE 0
    END,
    last_seen_at = excluded.last_seen_at
WHERE excluded.last_seen_at > kept.last_seen_at
