SELECT
    finding,
    facts,
    reason,
    waived_by,
    waived_at
FROM billing.waivers
WHERE subscription_key = :subscription_key AND period = :period
ORDER BY waiver_key
