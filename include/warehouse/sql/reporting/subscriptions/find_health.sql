SELECT
    health,
    state_reason,
    frozen_from,
    silent_since,
    failing_since,
    failure_cause,
    gap_count,
    held_bill_id,
    finding_count
FROM reporting.subscription_health
WHERE subscription_key = :subscription_key
