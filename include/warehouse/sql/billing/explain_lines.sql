SELECT
    l.line_no,
    l.kind,
    l.tier,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    v.effective_from,
    v.charge_every,
    v.rounding_digits,
    v.rounding_mode
FROM billing.bill_lines AS l
LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
WHERE l.bill_key = :bill_key
ORDER BY l.line_no
