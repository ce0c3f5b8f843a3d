-- One document with its subscription as it is now.
SELECT
    d.*,
    s.environment_name,
    s.account_id,
    s.region,
    s.department,
    s.product,
    s.payment,
    s.network,
    s.marketplace_instance_id,
    s.order_id,
    c.corrected_amount,
    c.is_waiting
FROM billing.documents AS d
INNER JOIN core.subscriptions AS s ON d.subscription_key = s.subscription_key
CROSS JOIN LATERAL billing.corrected_since(d.bill_key) AS c
WHERE d.bill_id = :bill_id
