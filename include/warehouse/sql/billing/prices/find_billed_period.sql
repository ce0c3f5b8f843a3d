-- The last issued bill of the subscription that the window reaches into.
SELECT
    bill_id,
    period_end
FROM billing.issued_periods(:subscription_key, :effective_from, :effective_until)
ORDER BY period_start DESC
LIMIT 1
