CREATE VIEW analytics.bill_lines AS
SELECT
    b.bill_id,
    l.line_no,
    b.document,
    b.state,
    coalesce(root.period, b.period) AS period,
    s.subscription_id,
    s.account_id AS customer,
    s.region,
    s.department,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    round(CAST(l.aku_seconds AS numeric(32, 12)) / 3600, 6) AS aku_hours,
    round(CAST(l.metered_aku_seconds AS numeric(32, 12)) / 3600, 6) AS metered_aku_hours,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    b.currency,
    l.tax_rate,
    l.tax_is_inclusive,
    p.name AS price_plan,
    v.effective_from AS version_effective_from,
    root.bill_id AS corrects_bill_id,
    said.bill_id AS corrects_document_id,
    l.corrects_line_no,
    l.reason,
    b.issued_at
FROM billing.bill_lines AS l
INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
LEFT JOIN billing.price_plans AS p ON v.plan_key = p.plan_key
LEFT JOIN billing.bills AS root ON l.corrects_bill_key = root.bill_key
LEFT JOIN billing.bills AS said ON l.corrects_document_key = said.bill_key;

COMMENT ON VIEW analytics.bill_lines IS
'Every line of every document, before tax that is not contained in it. A document''s subtotal is the sum of its '
'lines.';
COMMENT ON COLUMN analytics.bill_lines.bill_id IS 'Document with the line.';
COMMENT ON COLUMN analytics.bill_lines.line_no IS 'Number of the line on the document, from 1.';
COMMENT ON COLUMN analytics.bill_lines.document IS 'bill, credit_note or debit_note.';
COMMENT ON COLUMN analytics.bill_lines.state IS 'State of the document: draft, held, issued, reconciled or void.';
COMMENT ON COLUMN analytics.bill_lines.period IS
'Billing period that the line is about; for a correction, the corrected one.';
COMMENT ON COLUMN analytics.bill_lines.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.bill_lines.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.bill_lines.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.bill_lines.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.bill_lines.kind IS
'licence, covered (usage within a licence), included (free usage), usage, overage (usage above a licence), flat_fee, '
'fee, discount, maximum, minimum or refund. A correction keeps the kind of what it corrects.';
COMMENT ON COLUMN analytics.bill_lines.tier IS 'Price tier of usage or flat fee; null for other kinds.';
COMMENT ON COLUMN analytics.bill_lines.name IS 'Name of the fee, for lines of kind fee.';
COMMENT ON COLUMN analytics.bill_lines.description IS 'What is charged, in words.';
COMMENT ON COLUMN analytics.bill_lines.line_start IS 'Start of what the line covers (inclusive).';
COMMENT ON COLUMN analytics.bill_lines.line_end IS 'End of what the line covers (exclusive).';
COMMENT ON COLUMN analytics.bill_lines.aku_hours IS
'AKU-hours that the line charges, or has for free, to 6 places; 0 where it is not about usage.';
COMMENT ON COLUMN analytics.bill_lines.metered_aku_hours IS
'AKU-hours that were metered for them, to 6 places; others where the price plan''s hour measure says so.';
COMMENT ON COLUMN analytics.bill_lines.quantity IS 'Charged quantity, in its unit.';
COMMENT ON COLUMN analytics.bill_lines.unit IS 'AKU-hour, package, AKU-month or period.';
COMMENT ON COLUMN analytics.bill_lines.unit_price IS 'Price per unit.';
COMMENT ON COLUMN analytics.bill_lines.exact_amount IS
'Before any rounding, to 9 places; what rounding took is exact_amount - amount.';
COMMENT ON COLUMN analytics.bill_lines.amount IS 'Rounded amount, which counts.';
COMMENT ON COLUMN analytics.bill_lines.currency IS 'ISO 4217 code of all amounts.';
COMMENT ON COLUMN analytics.bill_lines.tax_rate IS 'Rate of tax on the line; a fraction.';
COMMENT ON COLUMN analytics.bill_lines.tax_is_inclusive IS 'Whether the amount contains the tax.';
COMMENT ON COLUMN analytics.bill_lines.price_plan IS
'Name of the price plan that the line was priced by; null where none was.';
COMMENT ON COLUMN analytics.bill_lines.version_effective_from IS 'From when that plan''s version holds.';
COMMENT ON COLUMN analytics.bill_lines.corrects_bill_id IS 'For a correction: the bill of the corrected period.';
COMMENT ON COLUMN analytics.bill_lines.corrects_document_id IS 'For a correction: the document whose line it corrects.';
COMMENT ON COLUMN analytics.bill_lines.corrects_line_no IS 'For a correction: number of that line.';
COMMENT ON COLUMN analytics.bill_lines.reason IS 'For a correction: why.';
COMMENT ON COLUMN analytics.bill_lines.issued_at IS 'When the document was issued; null before.';
