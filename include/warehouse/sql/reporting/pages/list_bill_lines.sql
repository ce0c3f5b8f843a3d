-- The lines of a document; a correction names the document and line that it corrects.
SELECT
    l.line_no,
    l.kind,
    l.tier,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    coalesce(d.bill_id, r.bill_id) AS corrects_bill_id,
    l.corrects_line_no,
    l.reason
FROM billing.bill_lines AS l
LEFT JOIN billing.bills AS r ON l.corrects_bill_key = r.bill_key
LEFT JOIN billing.bills AS d ON l.corrects_document_key = d.bill_key
WHERE l.bill_key = :bill_key
ORDER BY l.line_no
