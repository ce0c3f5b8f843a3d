SELECT
    r.period,
    s.subscription_id,
    s.environment_name,
    r.our_amount,
    r.marketplace_amount,
    r.difference,
    r.currency,
    r.verdict,
    r.is_final,
    r.facts
FROM reconciliation.verdicts AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
WHERE r.period = coalesce(CAST(:period AS text), r.period)
ORDER BY r.period DESC, s.account_id ASC, s.environment_name ASC
