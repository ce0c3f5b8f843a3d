-- Tax on the refunds: of all refunds of the bill at that rate, less what earlier documents gave back of it. So refunds
-- of a whole line, in whatever pieces, give back the tax on the whole.
INSERT INTO correction_taxes (root_key, tax_rate, is_inclusive, is_refund, base, amount)
WITH refunds AS (
    SELECT
        root_key,
        tax_rate,
        tax_is_inclusive AS is_inclusive,
        sum(amount) AS base,
        (array_agg(version_key ORDER BY line_order DESC))[1] AS version_key
    FROM correction_lines
    WHERE kind = 'refund' AND tax_rate > 0
    GROUP BY root_key, tax_rate, tax_is_inclusive
),

earlier AS (
    SELECT
        t.for_bill_key AS root_key,
        t.tax_rate,
        t.is_inclusive,
        sum(t.base) AS base,
        sum(t.amount) AS amount
    FROM billing.bill_taxes AS t
    INNER JOIN billing.bills AS d ON t.bill_key = d.bill_key
    WHERE
        t.is_refund
        AND t.for_bill_key IN (SELECT root_key FROM refunds)
        AND d.state IN ('issued', 'settled')
    GROUP BY t.for_bill_key, t.tax_rate, t.is_inclusive
)

SELECT
    r.root_key,
    r.tax_rate,
    r.is_inclusive,
    TRUE AS is_refund,
    r.base,
    billing.round_amount(
        (r.base + coalesce(e.base, 0)) * r.tax_rate / CASE WHEN r.is_inclusive THEN 1 + r.tax_rate ELSE 1 END,
        coalesce(v.rounding_digits, 2),
        coalesce(v.rounding_mode, 'half_up')
    ) - coalesce(e.amount, 0) AS amount
FROM refunds AS r
LEFT JOIN earlier AS e
    ON
        r.root_key = e.root_key
        AND r.tax_rate = e.tax_rate
        AND r.is_inclusive = e.is_inclusive
LEFT JOIN billing.price_plan_versions AS v ON r.version_key = v.version_key
