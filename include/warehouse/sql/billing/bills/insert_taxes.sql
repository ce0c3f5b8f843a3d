-- The rated taxes, on the period's drafts.
INSERT INTO billing.bill_taxes (bill_key, for_bill_key, tax_rate, is_inclusive, is_refund, base, amount)
SELECT
    d.bill_key,
    d.bill_key AS for_bill_key,
    r.tax_rate,
    r.is_inclusive,
    FALSE AS is_refund,
    r.base,
    r.amount
FROM billing.bills AS d
INNER JOIN rated_taxes AS r ON d.subscription_key = r.subscription_key
WHERE
    d.period_start = :period_start
    AND d.period_end = :period_end
    AND d.document = 'bill'
    AND d.state = 'draft'
ORDER BY d.bill_key, r.tax_rate, r.is_inclusive
