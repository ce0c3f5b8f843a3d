-- The lines of a document; a correction names the document and line that said it last.
SELECT
    l.line_no,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    l.quantity,
    l.unit,
    l.unit_price,
    l.amount,
    coalesce(d.bill_id, r.bill_id) AS corrects_bill_id,
    l.corrects_line_no,
    l.reason
FROM billing.bill_lines AS l
LEFT JOIN billing.bills AS r ON l.corrects_bill_key = r.bill_key
LEFT JOIN billing.bills AS d ON l.corrects_document_key = d.bill_key
WHERE l.bill_key = :bill_key
ORDER BY l.line_no
