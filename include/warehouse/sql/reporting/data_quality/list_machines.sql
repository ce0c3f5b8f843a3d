-- One page of what the machine check found: what is open, the oldest first; then, if asked for, what is over.
SELECT
    d.kind,
    d.account_id,
    d.region,
    d.environment_id,
    d.instance_id,
    d.machines,
    d.machine_hours,
    d.first_seen_at,
    d.last_seen_at,
    d.state,
    d.resolved_at,
    s.subscription_id,
    s.environment_name,
    count(*) OVER () AS match_count
FROM operations.machine_discrepancies AS d
LEFT JOIN core.environments AS e ON d.environment_key = e.environment_key
LEFT JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
WHERE
    (:with_closed OR d.state = 'open')
    AND (
        CAST(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(
                    ' ', s.subscription_id, s.environment_name, d.account_id, d.environment_id, d.instance_id, d.region
                )
            )
        ) > 0
    )
ORDER BY d.resolved_at DESC NULLS FIRST, d.first_seen_at ASC, d.discrepancy_key ASC
LIMIT :page_size OFFSET :skipped
