-- Forgets in which hours machines were seen, where that is older than the retention, was evaluated, and is no part of a
-- finding that is still open. Machines, findings and their machine hours stay.
DELETE FROM operations.machine_sightings AS sightings
WHERE
    sightings.hour_start < CAST(:at AS timestamptz) - CAST(:retention AS interval)
    AND sightings.compared_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM operations.machine_discrepancies AS findings
        WHERE findings.discrepancy_key = sightings.discrepancy_key AND findings.state = 'open'
    )
