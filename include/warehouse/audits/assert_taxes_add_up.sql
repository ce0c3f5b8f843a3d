-- Lines make bases, bases make taxes, taxes make the bill's tax, and its total is what that gives. A tax is its rate of
-- its base but for less than one last place; for corrections it is what is still due, so there only the sums count.
WITH chosen AS (
    SELECT *
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions)
),

sums AS (
    SELECT
        bill_key,
        sum(amount) AS tax,
        coalesce(sum(amount) FILTER (WHERE is_inclusive), 0) AS tax_included
    FROM billing.bill_taxes
    WHERE bill_key IN (SELECT bill_key FROM chosen)
    GROUP BY bill_key
),

bases AS (
    SELECT
        l.bill_key,
        l.tax_rate,
        l.tax_is_inclusive,
        sum(l.amount) AS base,
        max(v.rounding_digits) AS rounding_digits
    FROM billing.bill_lines AS l
    LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
    WHERE
        l.bill_key IN (SELECT bill_key FROM chosen)
        AND l.corrects_bill_key IS NULL
        AND l.tax_rate > 0
    GROUP BY l.bill_key, l.tax_rate, l.tax_is_inclusive
),

own_taxes AS (
    SELECT *
    FROM billing.bill_taxes
    WHERE bill_key IN (SELECT bill_key FROM chosen) AND for_bill_key = bill_key AND tax_rate > 0
),

wrong_rates AS (
    SELECT
        coalesce(b.bill_key, t.bill_key) AS bill_key,
        min(coalesce(b.tax_rate, t.tax_rate)) AS tax_rate
    FROM bases AS b
    FULL JOIN own_taxes AS t
        ON b.bill_key = t.bill_key AND b.tax_rate = t.tax_rate AND b.tax_is_inclusive = t.is_inclusive
    WHERE
        b.base IS DISTINCT FROM t.base
        -- Multiplied out, so that nothing is divided and rounded.
        OR CASE
            WHEN t.is_inclusive THEN abs(t.amount * (1 + t.tax_rate) - t.base * t.tax_rate) / (1 + t.tax_rate)
            ELSE abs(t.amount - t.base * t.tax_rate)
        END >= CAST('1e-' || b.rounding_digits AS numeric)
    GROUP BY coalesce(b.bill_key, t.bill_key)
),

results AS (
    SELECT
        c.bill_key,
        c.tax,
        c.tax_included,
        c.total,
        coalesce(s.tax, 0) AS taxes_sum,
        coalesce(s.tax_included, 0) AS taxes_included,
        c.subtotal + coalesce(s.tax - s.tax_included, 0) AS taxes_total,
        w.tax_rate AS wrong_rate,
        c.tax <> coalesce(s.tax, 0)
        OR c.tax_included <> coalesce(s.tax_included, 0)
        OR c.total <> c.subtotal + coalesce(s.tax - s.tax_included, 0) AS sums_differ
    FROM chosen AS c
    LEFT JOIN sums AS s ON c.bill_key = s.bill_key
    LEFT JOIN wrong_rates AS w ON c.bill_key = w.bill_key
)

SELECT
    r.bill_key,
    jsonb_build_object(
        'difference', CASE WHEN r.sums_differ THEN 'sums' ELSE 'rate' END,
        'tax', CAST(r.tax AS text),
        'tax_included', CAST(r.tax_included AS text),
        'total', CAST(r.total AS text),
        'taxes_sum', CAST(r.taxes_sum AS text),
        'taxes_included', CAST(r.taxes_included AS text),
        'taxes_total', CAST(r.taxes_total AS text),
        'wrong_rate', CAST(r.wrong_rate AS text)
    ) AS facts
FROM results AS r
WHERE r.sums_differ OR r.wrong_rate IS NOT NULL
