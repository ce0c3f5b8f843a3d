-- Enters that the machines of a listing were seen in its hour. Seen again in the same hour by a later listing, a
-- machine is evaluated again by that one.
INSERT INTO operations.machine_sightings AS kept (hour_start, machine_key, observed_at)
SELECT
    date_trunc('hour', CAST(:observed_at AS timestamptz), 'UTC') AS hour_start,
    machines.machine_key,
    CAST(:observed_at AS timestamptz) AS observed_at
FROM operations.machines
WHERE machines.machine_id = any(:machine_ids)
ORDER BY machines.machine_key
ON CONFLICT (hour_start, machine_key) DO UPDATE SET
    observed_at = excluded.observed_at,
    compared_at = NULL
WHERE excluded.observed_at > kept.observed_at
