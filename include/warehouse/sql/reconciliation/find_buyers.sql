-- Buyers whose Marketplace bill can hold charges of ours in the cycle, by the products that they subscribed to.
SELECT
    account_id,
    array_agg(DISTINCT product ORDER BY product) AS products
FROM core.subscriptions
WHERE
    marketplace_instance_id IS NOT NULL
    AND started_at < :cycle_end
    AND (ended_at IS NULL OR ended_at >= :cycle_start)
GROUP BY account_id
ORDER BY account_id
