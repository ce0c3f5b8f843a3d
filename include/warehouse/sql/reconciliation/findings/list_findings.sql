-- Findings, the oldest first: the open ones, or all.
SELECT
    f.finding_key,
    f.period,
    f.account_id,
    f.charged_id,
    s.environment_name,
    f.kind,
    f.difference,
    f.currency,
    f.facts,
    f.opened_at,
    f.last_seen_at,
    f.closed_at,
    f.closed_as,
    f.closed_by,
    f.reason
FROM reconciliation.findings AS f
LEFT JOIN core.subscriptions AS s ON f.subscription_key = s.subscription_key
WHERE
    (:with_closed OR f.closed_at IS NULL)
    AND f.period = coalesce(CAST(:period AS text), f.period)
ORDER BY f.opened_at, f.finding_key
