-- What the Marketplace charges in a cycle, by currency, instances that no subscription has included.
SELECT
    c.currency,
    sum(c.amount) AS charged,
    count(DISTINCT c.marketplace_instance_id) AS instance_count,
    count(DISTINCT c.account_id) AS buyer_count,
    min(c.fetched_at) AS fetched_from
FROM reconciliation.marketplace_charges AS c
WHERE c.billing_cycle = :period
GROUP BY c.currency
ORDER BY c.currency
