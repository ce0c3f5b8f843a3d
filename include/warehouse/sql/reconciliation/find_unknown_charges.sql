-- Charges of our product on a buyer's bill for an instance that no subscription of ours has.
SELECT
    c.account_id,
    c.marketplace_instance_id,
    c.currency,
    sum(c.amount) AS amount
FROM reconciliation.marketplace_charges AS c
WHERE
    c.billing_cycle = :period
    AND NOT EXISTS (
        SELECT 1 FROM core.subscriptions AS s
        WHERE s.marketplace_instance_id = c.marketplace_instance_id AND s.account_id = c.account_id
    )
GROUP BY c.account_id, c.marketplace_instance_id, c.currency
ORDER BY c.account_id, c.marketplace_instance_id, c.currency
