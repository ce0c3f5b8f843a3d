-- What a correction corrects, step by step back to the line of the bill itself.
WITH RECURSIVE chain AS (
    SELECT
        1 AS step,
        l.corrects_document_key AS bill_key,
        l.corrects_line_no AS line_no
    FROM billing.bill_lines AS l
    WHERE l.bill_key = :bill_key AND l.line_no = :line_no
    UNION ALL
    SELECT
        c.step + 1 AS step,
        l.corrects_document_key AS bill_key,
        l.corrects_line_no AS line_no
    FROM chain AS c
    INNER JOIN billing.bill_lines AS l ON c.bill_key = l.bill_key AND c.line_no = l.line_no
    WHERE c.step < 100
)

SELECT
    b.bill_id,
    b.document,
    b.issued_at,
    l.line_no,
    l.kind,
    l.description,
    l.aku_seconds,
    l.quantity,
    l.unit,
    l.exact_amount,
    l.amount,
    l.reason
FROM chain AS c
INNER JOIN billing.bill_lines AS l ON c.bill_key = l.bill_key AND c.line_no = l.line_no
INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
ORDER BY c.step
