-- What the Marketplace charges by hour. An item names an order; one that names none of ours is of the only subscription
-- that the buyer had in the cycle, if there is only one.
INSERT INTO reconciliation.hour_amounts (is_ours, subscription_id, hour_start, amount, currency)
WITH subscriptions AS (
    SELECT
        s.account_id,
        s.order_id,
        s.subscription_id,
        count(*) OVER (PARTITION BY s.account_id) AS subscription_count
    FROM core.subscriptions AS s
    WHERE
        s.marketplace_instance_id IS NOT NULL
        AND s.started_at < :period_end
        AND (s.ended_at IS NULL OR s.ended_at >= :period_start)
)

SELECT
    FALSE AS is_ours,
    s.subscription_id,
    c.hour_start,
    c.amount,
    c.currency
FROM reconciliation.hourly_charges AS c
INNER JOIN subscriptions AS s
    ON
        c.account_id = s.account_id
        AND (
            c.order_id = s.order_id
            OR (
                s.subscription_count = 1
                AND NOT EXISTS (SELECT FROM core.subscriptions AS other WHERE other.order_id = c.order_id)
            )
        )
INNER JOIN compared_bills AS b ON s.subscription_id = b.subscription_id
WHERE c.billing_cycle = :period
