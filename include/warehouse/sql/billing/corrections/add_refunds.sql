-- A line for each refund that is pending, at the tax rate that its line has by now; and two for one that was given
-- before at another rate, which move it to this one.
INSERT INTO correction_lines (
    root_key, line_order, kind, tier, name, description, line_start, line_end, aku_seconds, quantity, unit, unit_price,
    exact_amount, amount, version_key, tax_rate, tax_is_inclusive, corrects_document_key, corrects_line_no,
    correction_key, reason
)
WITH refunds AS (
    SELECT
        r.root_key,
        r.period,
        c.correction_key,
        c.refund_amount,
        c.reason,
        c.state = 'applied' AS is_given,
        l.bill_key,
        l.line_no,
        l.kind,
        l.tier,
        l.name,
        l.description,
        l.line_start,
        l.line_end,
        l.version_key,
        l.tax_rate,
        l.tax_is_inclusive
    FROM correction_roots AS r
    INNER JOIN billing.corrections AS c
        ON r.root_key = c.bill_key AND c.cause = 'refund' AND c.state IN ('pending', 'applied')
    INNER JOIN billing.bill_lines AS l ON c.bill_key = l.bill_key AND c.refund_line_no = l.line_no
),

-- What documents say by now, and what these corrections add to it.
roots AS (
    SELECT DISTINCT root_key FROM refunds
),

documented AS (
    SELECT
        r.root_key,
        l.*
    FROM roots AS r
    INNER JOIN billing.bill_lines AS l ON r.root_key = l.bill_key AND l.corrects_bill_key IS NULL
    UNION ALL
    SELECT
        r.root_key,
        l.*
    FROM roots AS r
    INNER JOIN billing.bill_lines AS l ON r.root_key = l.corrects_bill_key
),

said AS (
    SELECT
        l.root_key,
        l.kind,
        l.tier,
        l.name,
        l.line_start,
        l.tax_rate,
        l.tax_is_inclusive,
        l.version_key,
        l.amount,
        l.correction_key
    FROM documented AS l
    INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
    WHERE d.state IN ('issued', 'reconciled')
    UNION ALL
    SELECT
        root_key,
        kind,
        tier,
        name,
        line_start,
        tax_rate,
        tax_is_inclusive,
        version_key,
        amount,
        NULL AS correction_key
    FROM correction_lines
    WHERE root_key IN (SELECT root_key FROM refunds)
),

-- Of its own tier before others, and of most of it. A minimum has a line at each rate: its own before others.
rates AS (
    SELECT DISTINCT ON (r.correction_key)
        r.correction_key,
        s.tax_rate,
        s.tax_is_inclusive,
        max(s.version_key) AS version_key
    FROM refunds AS r
    INNER JOIN said AS s
        ON
            r.root_key = s.root_key
            AND r.kind = s.kind
            AND r.name IS NOT DISTINCT FROM s.name
            AND r.line_start <= s.line_start
            AND (r.line_start = s.line_start OR (r.kind <> 'licence' AND s.line_start < r.line_end))
    GROUP BY
        r.correction_key,
        r.kind,
        r.tax_rate,
        r.tax_is_inclusive,
        s.tax_rate,
        s.tax_is_inclusive,
        r.tier IS NOT DISTINCT FROM s.tier
    HAVING sum(s.amount) > 0
    ORDER BY
        r.correction_key ASC,
        r.tier IS NOT DISTINCT FROM s.tier DESC,
        r.kind = 'minimum' AND r.tax_rate = s.tax_rate AND r.tax_is_inclusive = s.tax_is_inclusive DESC,
        sum(s.amount) DESC,
        s.tax_rate ASC,
        s.tax_is_inclusive ASC
),

both_sides AS (
    SELECT
        r.correction_key,
        coalesce(n.tax_rate, r.tax_rate) AS tax_rate,
        coalesce(n.tax_is_inclusive, r.tax_is_inclusive) AS tax_is_inclusive,
        coalesce(n.version_key, r.version_key) AS version_key,
        -r.refund_amount AS amount
    FROM refunds AS r
    LEFT JOIN rates AS n ON r.correction_key = n.correction_key
    UNION ALL
    SELECT
        s.correction_key,
        s.tax_rate,
        s.tax_is_inclusive,
        s.version_key,
        -s.amount AS amount
    FROM said AS s
    WHERE s.kind = 'refund'
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
