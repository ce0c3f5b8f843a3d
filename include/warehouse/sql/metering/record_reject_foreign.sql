-- An instance belongs to the environment that listed it first.
INSERT INTO staged_rejections (environment_key, observed_at, instance_id, rule, sentence, payload)
SELECT
    seen.environment_key,
    seen.observed_at,
    seen.instance_id,
    'foreign_instance' AS rule,
    format(
        'Instance %s belongs to environment %s, and the console of environment %s lists it too. '
        || 'Check which console the environment''s URL leads to.',
        seen.instance_id, owners.environment_id, askers.environment_id
    ) AS sentence,
    to_jsonb(seen) AS payload
FROM staged_readings AS seen
INNER JOIN core.instances ON seen.instance_id = instances.instance_id
INNER JOIN core.environments AS owners ON instances.environment_key = owners.environment_key
INNER JOIN core.environments AS askers ON seen.environment_key = askers.environment_key
WHERE instances.environment_key <> seen.environment_key
