-- Counts the machine hours in question of the findings on machines that are open.
WITH counted AS (
    SELECT
        sightings.finding_key,
        count(DISTINCT sightings.machine_key) AS machines,
        count(*) AS machine_hours
    FROM operations.machine_sightings AS sightings
    INNER JOIN operations.machine_findings AS findings ON sightings.finding_key = findings.finding_key
    WHERE findings.state = 'open'
    GROUP BY sightings.finding_key
)

UPDATE operations.machine_findings AS findings
SET
    machines = counted.machines,
    machine_hours = counted.machine_hours
FROM counted
WHERE
    findings.finding_key = counted.finding_key
    AND (findings.machines, findings.machine_hours) IS DISTINCT FROM (counted.machines, counted.machine_hours)
