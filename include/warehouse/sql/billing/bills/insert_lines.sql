-- The rated lines, on the drafts of these subscriptions.
INSERT INTO billing.bill_lines (
    bill_key, line_no, kind, tier, name, description, line_start, line_end, aku_seconds,
    metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, version_key, tax_rate, tax_is_inclusive
)
SELECT
    d.bill_key,
    r.line_no,
    r.kind,
    r.tier,
    r.name,
    r.description,
    r.line_start,
    r.line_end,
    r.aku_seconds,
    r.metered_aku_seconds,
    r.quantity,
    r.unit,
    r.unit_price,
    r.exact_amount,
    r.amount,
    r.version_key,
    r.tax_rate,
    r.tax_is_inclusive
FROM billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS d
INNER JOIN rated_lines AS r ON d.subscription_key = r.subscription_key
ORDER BY d.bill_key, r.line_no
