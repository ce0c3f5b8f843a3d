-- Corrections after the documents' own lines, the earliest period first.
INSERT INTO billing.bill_lines (
    bill_key, line_no, kind, tier, name, description, line_start, line_end, aku_seconds,
    metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, version_key, tax_rate, tax_is_inclusive,
    corrects_bill_key, corrects_document_key, corrects_line_no, correction_key, reason
)
SELECT
    r.document_key,
    coalesce(own.last_line_no, 0)
    + row_number() OVER (
        PARTITION BY r.document_key
        ORDER BY r.period_start, l.line_order, l.line_start, l.kind, l.tier, l.name, l.unit, l.tax_rate
    ) AS line_no,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.metered_aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    l.version_key,
    l.tax_rate,
    l.tax_is_inclusive,
    l.root_key AS corrects_bill_key,
    l.corrects_document_key,
    l.corrects_line_no,
    l.correction_key,
    l.reason
FROM correction_lines AS l
INNER JOIN correction_roots AS r ON l.root_key = r.root_key
LEFT JOIN LATERAL (
    SELECT max(o.line_no) AS last_line_no FROM billing.bill_lines AS o
    WHERE o.bill_key = r.document_key
) AS own ON TRUE
ORDER BY r.document_key, line_no
