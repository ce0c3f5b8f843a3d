-- Other subscriptions that stand in the way: a live one in the same network for the same department, or one of the
-- same order.
SELECT
    subscription_id,
    environment_name,
    state,
    coalesce(order_id = CAST(:order_id AS TEXT), FALSE) AS has_same_order
FROM core.subscriptions
WHERE
    subscription_id <> :subscription_id
    AND (
        (
            account_id = :account_id AND region = :region AND network = :network AND department = :department
            AND state NOT IN ('failed', 'released')
        )
        OR order_id = CAST(:order_id AS TEXT)
    )
ORDER BY subscription_id
