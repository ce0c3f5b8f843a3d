-- Writes down what was evaluated. An hour that was in question once stays so, whatever a second listing of it said.
UPDATE operations.machine_sightings AS sightings
SET
    compared_at = :at,
    discrepancy_key = coalesce(findings.discrepancy_key, sightings.discrepancy_key)
FROM evaluated_sightings AS evaluated
LEFT JOIN operations.machine_discrepancies AS findings
    ON
        evaluated.kind = findings.kind
        AND evaluated.account_id = findings.account_id
        AND evaluated.region = findings.region
        AND evaluated.environment_id = findings.environment_id
        AND evaluated.instance_id = findings.instance_id
        AND findings.state = 'open'
WHERE sightings.hour_start = evaluated.hour_start AND sightings.machine_key = evaluated.machine_key
