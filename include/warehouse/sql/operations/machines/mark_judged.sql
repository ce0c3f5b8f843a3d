-- Writes down what was judged. An hour that was in question once stays so, whatever a second listing of it said.
UPDATE operations.machine_sightings AS sightings
SET
    compared_at = :at,
    discrepancy_key = coalesce(findings.discrepancy_key, sightings.discrepancy_key)
FROM evaluated_sightings AS judged
LEFT JOIN operations.machine_discrepancies AS findings
    ON
        judged.kind = findings.kind
        AND judged.account_id = findings.account_id
        AND judged.region = findings.region
        AND judged.environment_id = findings.environment_id
        AND judged.instance_id = findings.instance_id
        AND findings.state = 'open'
WHERE sightings.hour_start = judged.hour_start AND sightings.machine_key = judged.machine_key
