-- What analysts read: views whose names and columns stay, whatever the tables behind them become. A column may be
-- added at the end of a view; none is renamed, and none changes its meaning.
CREATE VIEW analytics.bills AS
SELECT
    b.bill_id,
    b.document,
    root.bill_id AS corrects_bill_id,
    b.state,
    b.period,
    b.period_start,
    b.period_end,
    s.subscription_id,
    s.account_id AS customer,
    s.region,
    s.department,
    s.environment_name AS environment,
    s.product,
    s.payment,
    b.price_plan,
    b.currency,
    round(CAST(b.aku_seconds AS numeric(32, 12)) / 3600, 6) AS aku_hours,
    b.subtotal,
    b.tax,
    b.tax_included,
    b.total,
    b.total - b.tax AS total_before_tax,
    b.forecast_total,
    b.drafted_at,
    b.issued_at,
    b.reconciled_at,
    b.fingerprint
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.bills AS root ON b.corrects_bill_key = root.bill_key;

COMMENT ON VIEW analytics.bills IS
'Every document: bills in any state, and the credit and debit notes that correct them. Only issued and reconciled ones '
'are owed.';
COMMENT ON COLUMN analytics.bills.bill_id IS 'Public id of the document.';
COMMENT ON COLUMN analytics.bills.document IS 'bill, credit_note or debit_note.';
COMMENT ON COLUMN analytics.bills.corrects_bill_id IS 'For a note: the bill that it corrects.';
COMMENT ON COLUMN analytics.bills.state IS 'draft, held, issued, reconciled or void.';
COMMENT ON COLUMN analytics.bills.period IS
'Billing period, YYYY-MM in the plan''s time zone; of a note, that of the bill it corrects.';
COMMENT ON COLUMN analytics.bills.period_start IS 'Start of the billing period (inclusive).';
COMMENT ON COLUMN analytics.bills.period_end IS 'End of the billing period (exclusive).';
COMMENT ON COLUMN analytics.bills.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.bills.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.bills.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.bills.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.bills.environment IS 'Name of the environment.';
COMMENT ON COLUMN analytics.bills.product IS 'Product of the catalogue.';
COMMENT ON COLUMN analytics.bills.payment IS 'payg (pay as you go) or prepaid (licence).';
COMMENT ON COLUMN analytics.bills.price_plan IS 'Name of the price plan.';
COMMENT ON COLUMN analytics.bills.currency IS 'ISO 4217 code of all amounts.';
COMMENT ON COLUMN analytics.bills.aku_hours IS
'AKU-hours of the bill''s own period, to 6 places; what corrections add or take is on their lines.';
COMMENT ON COLUMN analytics.bills.subtotal IS 'Sum of the lines.';
COMMENT ON COLUMN analytics.bills.tax IS 'Tax, contained in the subtotal or not.';
COMMENT ON COLUMN analytics.bills.tax_included IS 'The part of the tax that the subtotal contains.';
COMMENT ON COLUMN analytics.bills.total IS 'What is payable; negative on a credit note.';
COMMENT ON COLUMN analytics.bills.total_before_tax IS 'The same without any tax.';
COMMENT ON COLUMN analytics.bills.forecast_total IS 'For the draft of a running period: the total expected at its end.';
COMMENT ON COLUMN analytics.bills.drafted_at IS 'When it was drafted last.';
COMMENT ON COLUMN analytics.bills.issued_at IS 'When it was issued; null before.';
COMMENT ON COLUMN analytics.bills.reconciled_at IS 'When the Marketplace''s bill agreed with it; null before.';
COMMENT ON COLUMN analytics.bills.fingerprint IS 'SHA-256 over what it was made of, in hex.';
