-- Findings with who and where, the oldest first; all of them, or those that are open.
SELECT
    kind,
    account_id,
    region,
    environment_id,
    instance_id,
    machines,
    machine_hours,
    first_seen_at,
    last_seen_at,
    state,
    resolved_at
FROM operations.machine_discrepancies
WHERE state = 'open' OR :with_resolved
ORDER BY first_seen_at, discrepancy_key
