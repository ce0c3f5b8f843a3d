-- The rated taxes, on the drafts of these subscriptions.
INSERT INTO billing.bill_taxes (bill_key, for_bill_key, tax_rate, is_inclusive, is_refund, base, amount)
SELECT
    d.bill_key,
    d.bill_key AS for_bill_key,
    r.tax_rate,
    r.is_inclusive,
    FALSE AS is_refund,
    r.base,
    r.amount
FROM billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS d
INNER JOIN rated_taxes AS r ON d.subscription_key = r.subscription_key
ORDER BY d.bill_key, r.tax_rate, r.is_inclusive
