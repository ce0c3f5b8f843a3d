SELECT
    c.correction_id,
    b.bill_id,
    c.delivery,
    c.state,
    d.bill_id AS document_id,
    b.currency
FROM billing.corrections AS c
INNER JOIN billing.bills AS b ON c.bill_key = b.bill_key
LEFT JOIN billing.bills AS d ON c.document_bill_key = d.bill_key
WHERE c.correction_id = :correction_id
