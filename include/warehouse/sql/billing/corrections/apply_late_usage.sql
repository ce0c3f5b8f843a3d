-- Late usage that a document has which is issued by now.
UPDATE billing.late_usage AS a
SET
    state = 'applied',
    closed_at = :at,
    applied_on_bill_key = d.bill_key
FROM correction_roots AS r
INNER JOIN billing.bills AS d ON r.document_key = d.bill_key
WHERE
    a.bill_key = r.root_key
    AND a.state = 'pending'
    AND billing.is_issued(d.state)
