-- The other documents that correct a bill: notes, and later bills with lines about it.
SELECT
    b.bill_id,
    b.document,
    b.state,
    b.issued_at,
    sum(l.amount) AS amount
FROM billing.bill_lines AS l
INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
WHERE l.corrects_bill_key = :bill_key
GROUP BY b.bill_key
ORDER BY b.issued_at, b.bill_key
