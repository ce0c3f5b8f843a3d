-- A line for each refund that is pending (of those in refunds), at the tax rate that its line has by now; and two for
-- one that was given before at another rate, which move it to this one.
INSERT INTO correction_lines (
    root_key, line_order, kind, tier, name, description, line_start, line_end, aku_seconds, quantity, unit, unit_price,
    exact_amount, amount, version_key, tax_rate, tax_is_inclusive, corrects_document_key, corrects_line_no,
    correction_key, reason
)
WITH both_sides AS (
    SELECT
        correction_key,
        tax_rate,
        tax_is_inclusive,
        version_key,
        -refund_amount AS amount
    FROM refunds
    UNION ALL
    SELECT
        l.correction_key,
        l.tax_rate,
        l.tax_is_inclusive,
        l.version_key,
        -l.amount AS amount
    FROM (SELECT DISTINCT root_key FROM refunds) AS r
    CROSS JOIN LATERAL billing.issued_lines_of(r.root_key) AS l
    WHERE l.kind = 'refund'
),

differences AS (
    SELECT
        correction_key,
        tax_rate,
        tax_is_inclusive,
        max(version_key) AS version_key,
        sum(amount) AS amount
    FROM both_sides
    GROUP BY correction_key, tax_rate, tax_is_inclusive
    HAVING sum(amount) <> 0
)

SELECT
    r.root_key,
    -- After all others.
    1000000
    + CAST(row_number() OVER (PARTITION BY r.root_key ORDER BY r.correction_key ASC, d.amount DESC) AS integer)
        AS line_order,
    'refund' AS kind,
    NULL AS tier,
    NULL AS name,
    format(
        'Refund for %s%s: %s', r.period, CASE WHEN r.is_given THEN ', moved to another tax rate' END, r.description
    ) AS description,
    r.line_start,
    r.line_end,
    0 AS aku_seconds,
    sign(d.amount) AS quantity,
    'period' AS unit,
    abs(d.amount) AS unit_price,
    d.amount AS exact_amount,
    d.amount,
    d.version_key,
    d.tax_rate,
    d.tax_is_inclusive,
    r.bill_key AS corrects_document_key,
    r.line_no AS corrects_line_no,
    r.correction_key,
    r.reason
FROM refunds AS r
INNER JOIN differences AS d ON r.correction_key = d.correction_key
