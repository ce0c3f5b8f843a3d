-- The newest draft or held bill of a subscription: what it costs so far, and at its period's end.
SELECT
    bill_id,
    period,
    state,
    total,
    forecast_total,
    currency,
    drafted_at
FROM billing.bills
WHERE subscription_key = :subscription_key AND document = 'bill' AND state IN ('draft', 'held')
ORDER BY period DESC
LIMIT 1
