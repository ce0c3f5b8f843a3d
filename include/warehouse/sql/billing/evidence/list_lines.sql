-- The lines of a document with the price plan version behind each, and for corrections what they correct.
SELECT
    l.line_no,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.metered_aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    l.tax_rate,
    l.tax_is_inclusive,
    l.version_key,
    p.name AS plan_name,
    v.effective_from,
    v.hour_measure,
    v.charge_every,
    v.model,
    v.rounding_digits,
    v.rounding_mode,
    l.corrects_bill_key,
    root.bill_id AS corrects_bill_id,
    root.period AS corrects_period,
    l.corrects_document_key,
    l.corrects_line_no,
    l.reason,
    c.cause,
    c.delivery,
    c.requested_by,
    c.requested_at
FROM billing.bill_lines AS l
LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
LEFT JOIN billing.price_plans AS p ON v.plan_key = p.plan_key
LEFT JOIN billing.bills AS root ON l.corrects_bill_key = root.bill_key
LEFT JOIN billing.corrections AS c ON l.correction_key = c.correction_key
WHERE l.bill_key = :bill_key
ORDER BY l.line_no
