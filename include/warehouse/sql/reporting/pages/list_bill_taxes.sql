-- The tax of a document by rate: its own, and what it corrects of earlier bills.
SELECT
    t.tax_rate,
    t.is_inclusive,
    t.base,
    t.amount,
    CASE WHEN t.for_bill_key <> t.bill_key THEN b.bill_id END AS corrects_bill_id
FROM billing.bill_taxes AS t
INNER JOIN billing.bills AS b ON t.for_bill_key = b.bill_key
WHERE t.bill_key = :bill_key
ORDER BY t.for_bill_key <> t.bill_key, b.bill_id, t.tax_rate, t.is_inclusive, t.is_refund
