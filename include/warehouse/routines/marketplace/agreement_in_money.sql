-- What the AKU-seconds of marketplace.agreement are worth, by bill: each stretch's charge, shared among the parts of
-- its hours. What it was when it was added up last is in marketplace.agreement_bills.
CREATE VIEW marketplace.agreement_in_money AS
SELECT
    t.bill_key,
    t.bill_id,
    t.subscription_key,
    s.subscription_id,
    t.period,
    t.period_start,
    t.period_end,
    t.state,
    t.currency,
    sum(t.amount) AS amount,
    sum(p.shares[1]) AS licensed,
    sum(p.shares[2]) AS free,
    sum(p.shares[3]) AS accepted,
    sum(p.shares[4]) AS expected,
    sum(p.shares[5]) AS unknown,
    sum(p.shares[6]) AS missed,
    sum(p.shares[7]) AS refused,
    sum(p.shares[8]) AS waiting,
    sum(p.shares[9]) AS carried,
    sum(p.shares[10]) AS difference
FROM marketplace.charged_stretches AS t
INNER JOIN core.subscriptions AS s ON t.subscription_key = s.subscription_key
-- LATERAL, so that only the stretch's hours are looked at.
CROSS JOIN
    LATERAL (
        SELECT
            marketplace.shares_of_charge(
                t.amount,
                ARRAY[
                    sum(h.licensed), sum(h.free), sum(h.accepted), sum(h.expected), sum(h.unknown), sum(h.missed),
                    sum(h.refused), sum(h.waiting), sum(h.carried), sum(h.difference)
                ]
            ) AS shares
        FROM marketplace.agreement AS h
        WHERE
            h.subscription_key = t.subscription_key
            AND h.hour_start >= t.line_start
            AND h.hour_start < t.line_end
    ) AS p
GROUP BY
    t.bill_key, t.bill_id, t.subscription_key, s.subscription_id, t.period, t.period_start, t.period_end, t.state,
    t.currency;
COMMENT ON VIEW marketplace.agreement_in_money IS
'What each bill charges for usage, by where its AKU-seconds went: amount = licensed + free + accepted + expected'
' + unknown + missed + refused + waiting + carried + difference.';
COMMENT ON COLUMN marketplace.agreement_in_money.bill_key IS 'Bill: draft, held or issued; void ones are left out.';
COMMENT ON COLUMN marketplace.agreement_in_money.bill_id IS 'Its public id.';
COMMENT ON COLUMN marketplace.agreement_in_money.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.agreement_in_money.subscription_id IS 'Its public id.';
COMMENT ON COLUMN marketplace.agreement_in_money.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN marketplace.agreement_in_money.period_start IS 'Start of the period (inclusive).';
COMMENT ON COLUMN marketplace.agreement_in_money.period_end IS 'End of the period (exclusive).';
COMMENT ON COLUMN marketplace.agreement_in_money.state IS 'State of the bill.';
COMMENT ON COLUMN marketplace.agreement_in_money.currency IS 'ISO 4217 code of all amounts.';
COMMENT ON COLUMN marketplace.agreement_in_money.amount IS
'What the bill charges for usage, before discounts, minimum, maximum and tax.';
COMMENT ON COLUMN marketplace.agreement_in_money.licensed IS 'Of these, usage above a licence.';
COMMENT ON COLUMN marketplace.agreement_in_money.free IS 'Of usage that the price plan includes: 0.';
COMMENT ON COLUMN marketplace.agreement_in_money.accepted IS 'Of usage that the marketplace took.';
COMMENT ON COLUMN marketplace.agreement_in_money.expected IS 'Of usage that the marketplace counts itself.';
COMMENT ON COLUMN marketplace.agreement_in_money.unknown IS 'Of usage that the marketplace may have or not.';
COMMENT ON COLUMN marketplace.agreement_in_money.missed IS 'Of usage that was too late, or written off.';
COMMENT ON COLUMN marketplace.agreement_in_money.refused IS 'Of usage that the marketplace refused.';
COMMENT ON COLUMN marketplace.agreement_in_money.waiting IS 'Of usage that is pending, being sent or not sent.';
COMMENT ON COLUMN marketplace.agreement_in_money.carried IS 'Of usage that is carried to the next hour.';
COMMENT ON COLUMN marketplace.agreement_in_money.difference IS
'Of usage that no record has; negative where less is known now than was recorded.';
