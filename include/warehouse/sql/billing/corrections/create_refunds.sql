-- The refunds of the bills of correction_roots, pending and given, into refunds of this transaction: each with the line
-- that it gives back, and the tax rate and version that what the line is about has by now.
CREATE TEMPORARY TABLE refunds ON COMMIT DROP AS
WITH asked AS (
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
    SELECT DISTINCT root_key FROM asked
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
        l.amount
    FROM roots AS r
    CROSS JOIN LATERAL billing.issued_lines_of(r.root_key) AS l
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
        amount
    FROM correction_lines
    WHERE root_key IN (SELECT root_key FROM roots)
),

-- Of its own tier before others, and of most of it. A minimum has a line at each rate: its own before others.
rates AS (
    SELECT DISTINCT ON (a.correction_key)
        a.correction_key,
        s.tax_rate,
        s.tax_is_inclusive,
        max(s.version_key) AS version_key
    FROM asked AS a
    INNER JOIN said AS s
        ON
            a.root_key = s.root_key
            AND a.kind = s.kind
            AND a.name IS NOT DISTINCT FROM s.name
            AND a.line_start <= s.line_start
            AND (a.line_start = s.line_start OR (a.kind <> 'licence' AND s.line_start < a.line_end))
    GROUP BY
        a.correction_key,
        a.kind,
        a.tax_rate,
        a.tax_is_inclusive,
        s.tax_rate,
        s.tax_is_inclusive,
        a.tier IS NOT DISTINCT FROM s.tier
    HAVING sum(s.amount) > 0
    ORDER BY
        a.correction_key ASC,
        a.tier IS NOT DISTINCT FROM s.tier DESC,
        a.kind = 'minimum' AND a.tax_rate = s.tax_rate AND a.tax_is_inclusive = s.tax_is_inclusive DESC,
        sum(s.amount) DESC,
        s.tax_rate ASC,
        s.tax_is_inclusive ASC
)

SELECT
    a.root_key,
    a.period,
    a.correction_key,
    a.refund_amount,
    a.reason,
    a.is_given,
    a.bill_key,
    a.line_no,
    a.description,
    a.line_start,
    a.line_end,
    coalesce(n.tax_rate, a.tax_rate) AS tax_rate,
    coalesce(n.tax_is_inclusive, a.tax_is_inclusive) AS tax_is_inclusive,
    coalesce(n.version_key, a.version_key) AS version_key
FROM asked AS a
LEFT JOIN rates AS n ON a.correction_key = n.correction_key
