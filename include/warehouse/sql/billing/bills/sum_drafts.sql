-- What a draft's lines and taxes add up to: nothing is rounded a second time. Its usage is that of its own period, not
-- what lines that correct earlier bills are about.
UPDATE billing.bills AS b
SET
    aku_seconds = lines.aku_seconds,
    subtotal = lines.amount,
    tax = coalesce(taxes.amount, 0 * lines.amount),
    tax_included = coalesce(taxes.amount_included, 0 * lines.amount),
    total = lines.amount + coalesce(taxes.amount - taxes.amount_included, 0)
FROM (
    SELECT
        l.bill_key,
        CAST(
            coalesce(sum(l.metered_aku_seconds) FILTER (WHERE l.corrects_bill_key IS NULL), 0) AS bigint
        ) AS aku_seconds,
        sum(l.amount) AS amount
    FROM billing.bill_lines AS l
    INNER JOIN billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS d
        ON l.bill_key = d.bill_key
    GROUP BY l.bill_key
) AS lines
LEFT JOIN (
    SELECT
        t.bill_key,
        sum(t.amount) AS amount,
        coalesce(sum(t.amount) FILTER (WHERE t.is_inclusive), 0) AS amount_included
    FROM billing.bill_taxes AS t
    INNER JOIN billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS d
        ON t.bill_key = d.bill_key
    GROUP BY t.bill_key
) AS taxes ON lines.bill_key = taxes.bill_key
WHERE b.bill_key = lines.bill_key
