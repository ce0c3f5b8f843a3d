-- Documents whose sums are not those of their lines and taxes. Usage is that of the document's own period.
WITH lines AS (
    SELECT
        bill_key,
        sum(amount) AS amount,
        coalesce(sum(metered_aku_seconds) FILTER (WHERE corrects_bill_key IS NULL), 0) AS aku_seconds
    FROM billing.bill_lines
    WHERE bill_key = any(:bill_keys)
    GROUP BY bill_key
),

taxes AS (
    SELECT
        bill_key,
        sum(amount) AS amount,
        coalesce(sum(amount) FILTER (WHERE is_inclusive), 0) AS included
    FROM billing.bill_taxes
    WHERE bill_key = any(:bill_keys)
    GROUP BY bill_key
)

SELECT
    b.bill_key,
    b.subtotal,
    coalesce(l.amount, 0) AS line_amount,
    b.aku_seconds,
    coalesce(l.aku_seconds, 0) AS line_aku_seconds,
    b.tax,
    coalesce(t.amount, 0) AS tax_amount
FROM billing.bills AS b
LEFT JOIN lines AS l ON b.bill_key = l.bill_key
LEFT JOIN taxes AS t ON b.bill_key = t.bill_key
WHERE
    b.bill_key = any(:bill_keys)
    AND (b.subtotal, b.aku_seconds, b.tax, b.tax_included)
    IS DISTINCT FROM (
        coalesce(l.amount, 0), coalesce(l.aku_seconds, 0), coalesce(t.amount, 0), coalesce(t.included, 0)
    )
ORDER BY b.bill_key
