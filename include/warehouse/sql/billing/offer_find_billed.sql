-- The last final bill of the subscription that the window touches.
SELECT
    bill_id,
    period_end
FROM billing.bills
WHERE
    subscription_key = :subscription_key
    AND document = 'bill'
    AND state IN ('issued', 'settled')
    AND period_end > :effective_from
    AND period_start < coalesce(CAST(:effective_until AS timestamptz), 'infinity')
ORDER BY period_start DESC
LIMIT 1
