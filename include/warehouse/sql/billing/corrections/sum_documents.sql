-- What the lines and taxes of these documents add up to (see sum_drafts).
UPDATE billing.bills AS b
SET
    aku_seconds = coalesce(lines.aku_seconds, 0),
    subtotal = coalesce(lines.amount, 0),
    tax = coalesce(taxes.amount, 0 * lines.amount, 0),
    tax_included = coalesce(taxes.amount_included, 0 * lines.amount, 0),
    total = coalesce(lines.amount, 0) + coalesce(taxes.amount - taxes.amount_included, 0)
FROM billing.bills AS d
LEFT JOIN (
    SELECT
        bill_key,
        CAST(sum(metered_aku_seconds) FILTER (WHERE corrects_bill_key IS NULL) AS bigint) AS aku_seconds,
        sum(amount) AS amount
    FROM billing.bill_lines
    WHERE bill_key = any(:bill_keys)
    GROUP BY bill_key
) AS lines ON d.bill_key = lines.bill_key
LEFT JOIN (
    SELECT
        bill_key,
        sum(amount) AS amount,
        coalesce(sum(amount) FILTER (WHERE is_inclusive), 0) AS amount_included
    FROM billing.bill_taxes
    WHERE bill_key = any(:bill_keys)
    GROUP BY bill_key
) AS taxes ON d.bill_key = taxes.bill_key
WHERE b.bill_key = d.bill_key AND d.bill_key = any(:bill_keys)
