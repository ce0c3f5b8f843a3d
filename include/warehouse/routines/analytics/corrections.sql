CREATE VIEW analytics.corrections AS
SELECT
    b.bill_id AS document_id,
    b.document,
    b.state,
    l.line_no,
    s.subscription_id,
    s.account_id AS customer,
    s.region,
    s.department,
    root.bill_id AS corrects_bill_id,
    root.period AS corrected_period,
    said.bill_id AS corrects_document_id,
    l.corrects_line_no,
    l.kind,
    l.tier,
    l.name,
    round(CAST(l.metered_aku_seconds AS numeric(32, 12)) / 3600, 6) AS aku_hours,
    l.amount,
    b.currency,
    l.reason,
    coalesce(c.cause, 'late_usage') AS cause,
    c.requested_by,
    c.requested_at,
    b.issued_at
FROM billing.bill_lines AS l
INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
INNER JOIN billing.bills AS root ON l.corrects_bill_key = root.bill_key
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.bills AS said ON l.corrects_document_key = said.bill_key
LEFT JOIN billing.corrections AS c ON l.correction_key = c.correction_key;

COMMENT ON VIEW analytics.corrections IS
'Every line that corrects an issued bill, on a later bill or on a note, with who asked for it and why. A bill, its '
'corrections and their taxes add up to what it would have been had all been known. What waits for the next bill is in'
' billing.corrections and billing.late_usage.';
COMMENT ON COLUMN analytics.corrections.document_id IS 'Document with the line.';
COMMENT ON COLUMN analytics.corrections.document IS 'bill, credit_note or debit_note.';
COMMENT ON COLUMN analytics.corrections.state IS 'State of that document; only issued and reconciled ones count.';
COMMENT ON COLUMN analytics.corrections.line_no IS 'Number of the line on it.';
COMMENT ON COLUMN analytics.corrections.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.corrections.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.corrections.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.corrections.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.corrections.corrects_bill_id IS
'Bill of the corrected period, however often it was corrected.';
COMMENT ON COLUMN analytics.corrections.corrected_period IS 'Its period, YYYY-MM.';
COMMENT ON COLUMN analytics.corrections.corrects_document_id IS 'Document that said it last; null where no line did.';
COMMENT ON COLUMN analytics.corrections.corrects_line_no IS 'Number of that line; null where no line did.';
COMMENT ON COLUMN analytics.corrections.kind IS 'Kind of what is corrected, or refund; see analytics.bill_lines.';
COMMENT ON COLUMN analytics.corrections.tier IS 'Price tier of usage or flat fee; null for other kinds.';
COMMENT ON COLUMN analytics.corrections.name IS 'Name of the fee, for lines of kind fee.';
COMMENT ON COLUMN analytics.corrections.aku_hours IS 'AKU-hours that the correction adds, or takes where negative.';
COMMENT ON COLUMN analytics.corrections.amount IS 'Amount that it adds, or gives back where negative.';
COMMENT ON COLUMN analytics.corrections.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN analytics.corrections.reason IS 'Why, for the customer.';
COMMENT ON COLUMN analytics.corrections.cause IS 'late_usage, price, discount or refund.';
COMMENT ON COLUMN analytics.corrections.requested_by IS 'Who asked for it; null for late usage that came by itself.';
COMMENT ON COLUMN analytics.corrections.requested_at IS 'When it was asked for; null likewise.';
COMMENT ON COLUMN analytics.corrections.issued_at IS 'When the document was issued; null before.';
