-- Corrections that people asked for, on documents that are issued by now.
UPDATE billing.corrections AS c
SET
    state = 'applied',
    document_bill_key = d.bill_key
FROM correction_roots AS r
INNER JOIN billing.bills AS d ON r.document_key = d.bill_key
WHERE
    c.bill_key = r.root_key
    AND c.state = 'pending'
    AND billing.is_issued(d.state)
