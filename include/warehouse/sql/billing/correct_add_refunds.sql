-- A line for each refund that is pending, at the tax rate of the line that it is for.
INSERT INTO correction_lines (
    root_key, line_order, kind, tier, name, description, line_start, line_end, aku_seconds, quantity, unit, unit_price,
    exact_amount, amount, version_key, tax_rate, tax_is_inclusive, corrects_document_key, corrects_line_no,
    correction_key, reason
)
SELECT
    r.root_key,
    -- After all others.
    1000000 + CAST(row_number() OVER (PARTITION BY r.root_key ORDER BY c.correction_key) AS integer) AS line_order,
    'refund' AS kind,
    NULL AS tier,
    NULL AS name,
    format('Refund for %s: %s', r.period, l.description) AS description,
    l.line_start,
    l.line_end,
    0 AS aku_seconds,
    -1 AS quantity,
    'period' AS unit,
    c.refund_amount AS unit_price,
    -c.refund_amount AS exact_amount,
    -c.refund_amount AS amount,
    l.version_key,
    l.tax_rate,
    l.tax_is_inclusive,
    l.bill_key AS corrects_document_key,
    l.line_no AS corrects_line_no,
    c.correction_key,
    c.reason
FROM correction_roots AS r
INNER JOIN billing.corrections AS c ON r.root_key = c.bill_key AND c.cause = 'refund' AND c.state = 'pending'
INNER JOIN billing.bill_lines AS l ON c.bill_key = l.bill_key AND c.refund_line_no = l.line_no
