-- The bill that an hour of a subscription is on, once it is issued: the one of its period. Notes that correct it are of
-- the same period, and do not hold its usage.
CREATE VIEW billing.issued_bills AS
SELECT
    b.bill_key,
    b.bill_id,
    b.subscription_key,
    b.period_start,
    b.period_end,
    b.price_plan,
    b.drafted_at,
    b.subscription_ended_at
FROM billing.bills AS b
WHERE b.document = 'bill' AND billing.is_issued(b.state);

COMMENT ON VIEW billing.issued_bills IS
'Issued bills without the notes that correct them: at most one for an hour of a subscription.';
COMMENT ON COLUMN billing.issued_bills.bill_key IS 'Bill.';
COMMENT ON COLUMN billing.issued_bills.bill_id IS 'Its id.';
COMMENT ON COLUMN billing.issued_bills.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.issued_bills.period_start IS 'Start of the period (inclusive).';
COMMENT ON COLUMN billing.issued_bills.period_end IS 'End of the period (exclusive).';
COMMENT ON COLUMN billing.issued_bills.price_plan IS 'Price plan that it was rated by.';
COMMENT ON COLUMN billing.issued_bills.drafted_at IS 'When it was drafted.';
COMMENT ON COLUMN billing.issued_bills.subscription_ended_at IS 'End of the subscription as known then.';
