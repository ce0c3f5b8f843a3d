-- Judges the sightings that can be evaluated: which finding each belongs to, or none (kind is null). A machine whose
-- tags name no instance is accounted for by any instance of its environment.
CREATE TEMPORARY TABLE evaluated_sightings ON COMMIT DROP AS
WITH with_instances AS (
    SELECT DISTINCT
        environment_key,
        observed_at
    FROM machine_listed_instances
)

SELECT
    sightings.hour_start,
    sightings.machine_key,
    sightings.observed_at,
    machines.account_id,
    machines.region,
    machines.environment_key,
    coalesce(environments.environment_id, machines.service_instance_tag, machines.environment_tag, '')
        AS environment_id,
    CASE WHEN machines.environment_key IS NULL THEN '' ELSE coalesce(machines.instance_tag, '') END AS instance_id,
    CASE
        WHEN machines.environment_key IS NULL THEN 'unregistered_environment'
        WHEN listed.instance_id IS NULL AND with_instances.environment_key IS NULL THEN 'machine_without_instance'
    END AS kind
FROM operations.machine_sightings AS sightings
INNER JOIN operations.machines ON sightings.machine_key = machines.machine_key
LEFT JOIN core.environments ON machines.environment_key = environments.environment_key
LEFT JOIN machine_moments AS moments
    ON machines.environment_key = moments.environment_key AND sightings.observed_at = moments.observed_at
LEFT JOIN machine_listed_instances AS listed
    ON
        machines.environment_key = listed.environment_key
        AND sightings.observed_at = listed.observed_at
        AND machines.instance_tag = listed.instance_id
LEFT JOIN with_instances
    ON
        machines.environment_key = with_instances.environment_key
        AND sightings.observed_at = with_instances.observed_at
        AND machines.instance_tag IS NULL
WHERE
    sightings.compared_at IS NULL
    AND sightings.observed_at <= :at
    AND (machines.environment_key IS NULL OR moments.is_known)
