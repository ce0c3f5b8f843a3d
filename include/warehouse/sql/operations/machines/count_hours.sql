-- Counts the machine hours in question of the findings on machines that are open.
WITH counted AS (
    SELECT
        sightings.discrepancy_key,
        count(DISTINCT sightings.machine_key) AS machines,
        count(*) AS machine_hours
    FROM operations.machine_sightings AS sightings
    INNER JOIN operations.machine_discrepancies AS findings ON sightings.discrepancy_key = findings.discrepancy_key
    WHERE findings.state = 'open'
    GROUP BY sightings.discrepancy_key
)

UPDATE operations.machine_discrepancies AS findings
SET
    machines = counted.machines,
    machine_hours = counted.machine_hours
FROM counted
WHERE
    findings.discrepancy_key = counted.discrepancy_key
    AND (findings.machines, findings.machine_hours) IS DISTINCT FROM (counted.machines, counted.machine_hours)
