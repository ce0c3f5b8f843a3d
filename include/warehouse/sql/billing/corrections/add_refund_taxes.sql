-- Tax on the refunds: of all refunds of the bill at that rate, less what earlier documents gave back of it. So refunds
-- of a whole line, in whatever pieces, give back the tax on the whole. All of a rate is given back with all of its tax,
-- and never more than that.
INSERT INTO correction_taxes (root_key, tax_rate, is_inclusive, is_refund, base, amount)
WITH roots AS (
    SELECT root_key FROM correction_roots
    WHERE root_key IN (SELECT c.bill_key FROM billing.corrections AS c WHERE c.cause = 'refund')
),

said AS (
    SELECT
        l.root_key,
        l.kind,
        l.line_end,
        l.tax_rate,
        l.tax_is_inclusive AS is_inclusive,
        l.version_key,
        l.amount,
        FALSE AS is_new
    FROM roots AS r
    CROSS JOIN LATERAL billing.issued_lines_of(r.root_key) AS l
    UNION ALL
    SELECT
        root_key,
        kind,
        line_end,
        tax_rate,
        tax_is_inclusive AS is_inclusive,
        version_key,
        amount,
        TRUE AS is_new
    FROM correction_lines
    WHERE root_key IN (SELECT root_key FROM roots)
),

bases AS (
    SELECT
        root_key,
        tax_rate,
        is_inclusive,
        coalesce(sum(amount) FILTER (WHERE kind <> 'refund'), 0) AS base,
        -sum(amount) FILTER (WHERE kind = 'refund') AS refunded,
        coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND is_new), 0) AS new_base,
        (array_agg(version_key ORDER BY kind = 'refund', kind = 'licence', line_end DESC))[1] AS version_key
    FROM said
    WHERE tax_rate > 0
    GROUP BY root_key, tax_rate, is_inclusive
    HAVING count(*) FILTER (WHERE kind = 'refund') > 0
),

taxes AS (
    SELECT
        for_bill_key AS root_key,
        tax_rate,
        is_inclusive,
        coalesce(sum(amount) FILTER (WHERE NOT is_refund), 0) AS tax,
        -coalesce(sum(amount) FILTER (WHERE is_refund), 0) AS refunded_tax
    FROM (
        SELECT
            t.for_bill_key,
            t.tax_rate,
            t.is_inclusive,
            t.is_refund,
            t.amount
        FROM billing.bill_taxes AS t
        INNER JOIN billing.bills AS d ON t.bill_key = d.bill_key
        WHERE billing.is_issued(d.state) AND t.for_bill_key IN (SELECT root_key FROM roots)
        UNION ALL
        SELECT
            root_key,
            tax_rate,
            is_inclusive,
            is_refund,
            amount
        FROM correction_taxes
        WHERE root_key IN (SELECT root_key FROM roots)
    ) AS said_taxes
    GROUP BY for_bill_key, tax_rate, is_inclusive
),

due AS (
    SELECT
        b.root_key,
        b.tax_rate,
        b.is_inclusive,
        b.new_base,
        coalesce(t.refunded_tax, 0) AS refunded_tax,
        CASE
            WHEN b.refunded = b.base THEN coalesce(t.tax, 0)
            ELSE
                least(
                    billing.round_quotient(
                        b.refunded * b.tax_rate,
                        CASE WHEN b.is_inclusive THEN 1 + b.tax_rate ELSE 1 END,
                        coalesce(v.rounding_digits, 2),
                        coalesce(v.rounding_mode, 'half_up')
                    ),
                    coalesce(t.tax, 0)
                )
        END AS tax
    FROM bases AS b
    LEFT JOIN taxes AS t
        ON b.root_key = t.root_key AND b.tax_rate = t.tax_rate AND b.is_inclusive = t.is_inclusive
    LEFT JOIN billing.price_plan_versions AS v ON b.version_key = v.version_key
)

SELECT
    root_key,
    tax_rate,
    is_inclusive,
    TRUE AS is_refund,
    new_base AS base,
    refunded_tax - tax AS amount
FROM due
WHERE new_base <> 0 OR refunded_tax <> tax
