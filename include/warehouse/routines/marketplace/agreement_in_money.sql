-- What the AKU-seconds of marketplace.agreement are worth, by bill. A bill charges usage by stretches of time, in each
-- of which one price plan version is in force. The charge of each stretch, before discounts, is shared among the places
-- that the AKU-seconds of its hours went to, in proportion to them, and to the last place of the amount: what is
-- priced sums to what is billed. What the plan includes has no part in the charge.
CREATE VIEW marketplace.agreement_in_money AS
WITH stretches AS (
    SELECT
        b.bill_key,
        l.line_start,
        l.line_end,
        sum(l.amount) AS amount
    FROM billing.bills AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
    WHERE l.kind IN ('usage', 'overage') AND l.corrects_bill_key IS NULL
    GROUP BY b.bill_key, l.line_start, l.line_end
),

-- LATERAL, so that only the stretch's hours are looked at.
placed AS (
    SELECT
        b.bill_key,
        b.bill_id,
        b.subscription_key,
        b.period,
        b.period_start,
        b.period_end,
        b.state,
        b.currency,
        coalesce(t.amount, 0) AS amount,
        coalesce(scale(t.amount), 2) AS digits,
        -- Where nothing is metered any more, all of the charge is a difference.
        CASE WHEN a.charged > 0 THEN a.parts ELSE ARRAY[0, 0, 0, 0, 0, 0, 0, 0, 0, 1] END AS parts,
        CASE WHEN a.charged > 0 THEN a.charged ELSE 1 END AS whole
    FROM billing.bills AS b
    LEFT JOIN stretches AS t ON b.bill_key = t.bill_key
    LEFT JOIN LATERAL (
        SELECT
            sum(h.metered - h.free) AS charged,
            ARRAY[
                sum(h.licensed), 0, sum(h.accepted), sum(h.expected), sum(h.unknown), sum(h.missed), sum(h.refused),
                sum(h.waiting), sum(h.carried), sum(h.difference)
            ] AS parts
        FROM marketplace.agreement AS h
        WHERE
            h.subscription_key = b.subscription_key
            AND h.hour_start >= t.line_start
            AND h.hour_start < t.line_end
    ) AS a ON TRUE
    WHERE b.document = 'bill' AND b.state <> 'void'
),

shared AS (
    SELECT
        p.*,
        n.part_no,
        billing.share_of(
            n.part_no,
            array(SELECT each.part * p.amount FROM unnest(p.parts) WITH ORDINALITY AS each (part, no) ORDER BY each.no),
            p.whole, p.digits, 'half_up'
        ) AS share
    FROM placed AS p
    CROSS JOIN generate_series(CAST(1 AS bigint), 10) AS n (part_no)
)

SELECT
    p.bill_key,
    p.bill_id,
    p.subscription_key,
    s.subscription_id,
    p.period,
    p.period_start,
    p.period_end,
    p.state,
    p.currency,
    sum(p.share) AS amount,
    sum(p.share) FILTER (WHERE p.part_no = 1) AS licensed,
    sum(p.share) FILTER (WHERE p.part_no = 2) AS free,
    sum(p.share) FILTER (WHERE p.part_no = 3) AS accepted,
    sum(p.share) FILTER (WHERE p.part_no = 4) AS expected,
    sum(p.share) FILTER (WHERE p.part_no = 5) AS unknown,
    sum(p.share) FILTER (WHERE p.part_no = 6) AS missed,
    sum(p.share) FILTER (WHERE p.part_no = 7) AS refused,
    sum(p.share) FILTER (WHERE p.part_no = 8) AS waiting,
    sum(p.share) FILTER (WHERE p.part_no = 9) AS carried,
    sum(p.share) FILTER (WHERE p.part_no = 10) AS difference
FROM shared AS p
INNER JOIN core.subscriptions AS s ON p.subscription_key = s.subscription_key
GROUP BY
    p.bill_key, p.bill_id, p.subscription_key, s.subscription_id, p.period, p.period_start, p.period_end, p.state,
    p.currency;
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
