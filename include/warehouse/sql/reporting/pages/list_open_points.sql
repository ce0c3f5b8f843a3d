-- What a list of bills cannot show: charges of the Marketplace that have no bill here, and bills of the Marketplace
-- that could not be fetched. A null period takes all.
SELECT
    r.period,
    s.account_id,
    'missing_here' AS kind,
    r.facts
FROM reconciliation.verdicts AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
WHERE r.verdict = 'missing_here' AND r.period = coalesce(CAST(:period AS text), r.period)

UNION ALL

SELECT
    c.billing_cycle AS period,
    c.account_id,
    'unknown_instance' AS kind,
    jsonb_build_object(
        'amount', CAST(sum(c.amount) AS text),
        'currency', c.currency,
        'marketplace_instance_id', c.marketplace_instance_id
    ) AS facts
FROM reconciliation.marketplace_charges AS c
WHERE
    c.billing_cycle = coalesce(CAST(:period AS text), c.billing_cycle)
    AND NOT EXISTS (
        SELECT 1 FROM core.subscriptions AS s
        WHERE s.marketplace_instance_id = c.marketplace_instance_id AND s.account_id = c.account_id
    )
GROUP BY c.billing_cycle, c.account_id, c.marketplace_instance_id, c.currency

UNION ALL

SELECT
    f.billing_cycle AS period,
    f.account_id,
    'not_fetched' AS kind,
    jsonb_build_object('failure', f.failure) AS facts
FROM reconciliation.marketplace_fetches AS f
WHERE f.failure IS NOT NULL AND f.billing_cycle = coalesce(CAST(:period AS text), f.billing_cycle)
ORDER BY period DESC, account_id ASC, kind ASC, facts ASC
LIMIT :at_most
