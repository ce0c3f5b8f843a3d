-- The taxes of a document, with the bill whose period they are for.
SELECT
    root.bill_id AS for_bill_id,
    t.for_bill_key <> t.bill_key AS is_correction,
    t.tax_rate,
    t.is_inclusive,
    t.is_refund,
    t.base,
    t.amount
FROM billing.bill_taxes AS t
INNER JOIN billing.bills AS root ON t.for_bill_key = root.bill_key
WHERE t.bill_key = :bill_key
ORDER BY is_correction, root.bill_id, t.tax_rate, t.is_inclusive, t.is_refund
