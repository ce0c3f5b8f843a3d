-- What each bill charges for usage, before discounts, by the stretches of time in each of which one price plan version
-- is in force.
CREATE VIEW marketplace.charged_stretches AS
SELECT
    b.bill_key,
    b.bill_id,
    b.subscription_key,
    b.period,
    b.period_start,
    b.period_end,
    b.state,
    b.currency,
    l.line_start,
    l.line_end,
    coalesce(l.amount, 0.00) AS amount
FROM billing.bills AS b
LEFT JOIN LATERAL (
    SELECT
        line_start,
        line_end,
        sum(amount) AS amount
    FROM billing.bill_lines
    WHERE bill_key = b.bill_key AND kind IN ('usage', 'overage') AND corrects_bill_key IS NULL
    GROUP BY line_start, line_end
) AS l ON TRUE
WHERE b.document = 'bill' AND b.state <> 'void';
COMMENT ON VIEW marketplace.charged_stretches IS
'What each bill charges for usage, by stretches of time; one without stretch and with 0 where it charges none.';
COMMENT ON COLUMN marketplace.charged_stretches.bill_key IS 'Bill: draft, held or issued; void ones are left out.';
COMMENT ON COLUMN marketplace.charged_stretches.bill_id IS 'Its public id.';
COMMENT ON COLUMN marketplace.charged_stretches.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.charged_stretches.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN marketplace.charged_stretches.period_start IS 'Start of the period (inclusive).';
COMMENT ON COLUMN marketplace.charged_stretches.period_end IS 'End of the period (exclusive).';
COMMENT ON COLUMN marketplace.charged_stretches.state IS 'State of the bill.';
COMMENT ON COLUMN marketplace.charged_stretches.currency IS 'ISO 4217 code of the amount.';
COMMENT ON COLUMN marketplace.charged_stretches.line_start IS 'Start of the stretch (inclusive).';
COMMENT ON COLUMN marketplace.charged_stretches.line_end IS 'Its end (exclusive).';
COMMENT ON COLUMN marketplace.charged_stretches.amount IS
'What it charges, before discounts, minimum, maximum and tax.';
