-- The bill of a subscription's earlier period; a void one is none.
SELECT
    bill_key,
    bill_id,
    state,
    period_start,
    period_end,
    currency,
    subtotal,
    total
FROM billing.bills
WHERE subscription_key = :subscription_key AND period = :period AND document = 'bill' AND state <> 'void'
