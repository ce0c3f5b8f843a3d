INSERT INTO billing.bill_taxes (bill_key, for_bill_key, tax_rate, is_inclusive, is_refund, base, amount)
SELECT
    r.document_key,
    t.root_key AS for_bill_key,
    t.tax_rate,
    t.is_inclusive,
    t.is_refund,
    t.base,
    t.amount
FROM correction_taxes AS t
INNER JOIN correction_roots AS r ON t.root_key = r.root_key
ORDER BY r.document_key, t.root_key, t.tax_rate, t.is_inclusive, t.is_refund
