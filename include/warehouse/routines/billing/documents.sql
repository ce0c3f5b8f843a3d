-- Bills and notes with what their readers ask of each: whose months they follow, which bill they correct, and the month
-- that they are filed in. A note is filed in the month in which it was issued, whatever month it corrects.
CREATE VIEW billing.documents AS
SELECT
    b.bill_key,
    b.bill_id,
    b.document,
    root.bill_id AS corrects_bill_id,
    b.subscription_key,
    s.subscription_id,
    b.period,
    b.period_start,
    b.period_end,
    CASE
        WHEN b.document = 'bill' THEN b.period
        ELSE to_char(b.issued_at AT TIME ZONE coalesce(p.time_zone, 'UTC'), 'YYYY-MM')
    END AS filed_in,
    b.price_plan,
    coalesce(p.time_zone, 'UTC') AS time_zone,
    b.currency,
    b.state,
    billing.is_issued(b.state) AS is_issued,
    b.aku_seconds,
    b.subtotal,
    b.tax,
    b.tax_included,
    b.total,
    b.forecast_total,
    b.fingerprint,
    b.fingerprint_form,
    b.drafted_at,
    b.issued_at,
    b.reconciled_at
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
LEFT JOIN billing.bills AS root ON b.corrects_bill_key = root.bill_key;

COMMENT ON VIEW billing.documents IS 'Bills and the notes that correct them, in any state.';
COMMENT ON COLUMN billing.documents.bill_key IS 'Document.';
COMMENT ON COLUMN billing.documents.bill_id IS 'Its id.';
COMMENT ON COLUMN billing.documents.document IS 'bill, credit_note or debit_note.';
COMMENT ON COLUMN billing.documents.corrects_bill_id IS 'For a note, the bill that it corrects.';
COMMENT ON COLUMN billing.documents.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.documents.subscription_id IS 'Its id.';
COMMENT ON COLUMN billing.documents.period IS 'Billing period that it is about, YYYY-MM.';
COMMENT ON COLUMN billing.documents.period_start IS 'Start of the period (inclusive).';
COMMENT ON COLUMN billing.documents.period_end IS 'End of the period (exclusive).';
COMMENT ON COLUMN billing.documents.filed_in IS
'Month whose files have it, YYYY-MM: of a bill its period, of a note the month of its issue; null before that.';
COMMENT ON COLUMN billing.documents.price_plan IS 'Price plan.';
COMMENT ON COLUMN billing.documents.time_zone IS 'Time zone of the price plan''s months.';
COMMENT ON COLUMN billing.documents.currency IS 'ISO 4217 code of all amounts.';
COMMENT ON COLUMN billing.documents.state IS 'State of the document.';
COMMENT ON COLUMN billing.documents.is_issued IS 'Whether it is issued, and never changes.';
COMMENT ON COLUMN billing.documents.aku_seconds IS 'Usage.';
COMMENT ON COLUMN billing.documents.subtotal IS 'Sum of its lines.';
COMMENT ON COLUMN billing.documents.tax IS 'All tax, contained in the lines or not.';
COMMENT ON COLUMN billing.documents.tax_included IS 'Tax that the lines contain.';
COMMENT ON COLUMN billing.documents.total IS 'What is to be paid.';
COMMENT ON COLUMN billing.documents.forecast_total IS
'For a draft of the running period, the total expected at its end.';
COMMENT ON COLUMN billing.documents.fingerprint IS 'SHA-256 of what it was made of.';
COMMENT ON COLUMN billing.documents.fingerprint_form IS 'Version of the fingerprint''s form.';
COMMENT ON COLUMN billing.documents.drafted_at IS 'When it was drafted.';
COMMENT ON COLUMN billing.documents.issued_at IS 'When it was issued.';
COMMENT ON COLUMN billing.documents.reconciled_at IS 'When the Marketplace''s bill confirmed it.';
