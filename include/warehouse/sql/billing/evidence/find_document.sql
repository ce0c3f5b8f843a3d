-- A document with what its explanation needs to know.
SELECT
    d.*,
    e.environment_key
FROM billing.documents AS d
LEFT JOIN core.environments AS e ON d.subscription_key = e.subscription_key
WHERE d.bill_id = :bill_id
