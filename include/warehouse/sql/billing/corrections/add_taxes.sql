-- The perfect bill's tax less what documents say of the period by now, by rate; tax on refunds is apart.
INSERT INTO correction_taxes (root_key, tax_rate, is_inclusive, is_refund, base, amount)
WITH roots AS (
    SELECT * FROM correction_roots
    WHERE
        period_start = :period_start
        AND period_end = :period_end
        AND is_rated_again
),

both_sides AS (
    SELECT
        r.root_key,
        t.tax_rate,
        t.is_inclusive,
        0 AS base,
        t.amount
    FROM roots AS r
    INNER JOIN rated_taxes AS t ON r.subscription_key = t.subscription_key
    UNION ALL
    SELECT
        r.root_key,
        t.tax_rate,
        t.is_inclusive,
        0 AS base,
        -t.amount AS amount
    FROM roots AS r
    INNER JOIN billing.bill_taxes AS t ON r.root_key = t.for_bill_key AND NOT t.is_refund
    INNER JOIN billing.bills AS d ON t.bill_key = d.bill_key
    WHERE billing.is_issued(d.state)
    UNION ALL
    SELECT
        l.root_key,
        l.tax_rate,
        l.tax_is_inclusive AS is_inclusive,
        l.amount AS base,
        0 AS amount
    FROM correction_lines AS l
    INNER JOIN roots AS r ON l.root_key = r.root_key
    WHERE l.tax_rate > 0
),

differences AS (
    SELECT
        root_key,
        tax_rate,
        is_inclusive,
        sum(base) AS base,
        sum(amount) AS amount
    FROM both_sides
    GROUP BY root_key, tax_rate, is_inclusive
)

SELECT
    root_key,
    tax_rate,
    is_inclusive,
    FALSE AS is_refund,
    base,
    amount
FROM differences
WHERE base <> 0 OR amount <> 0
