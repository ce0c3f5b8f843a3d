-- What each record is worth to the vendor, before discounts: at the average price of its stretch of the bill, drafts
-- too, or, while there is none, at the price of the first tier of the plan version in force. What the plan includes
-- costs nothing.
CREATE VIEW marketplace.priced_records AS
SELECT
    r.record_key,
    coalesce(b.currency, p.currency) AS currency,
    CASE
        WHEN b.currency IS NOT NULL
            THEN
                billing.round_quotient(
                    b.amount * (r.units * r.unit_seconds - coalesce(h.free, 0)), greatest(b.aku_seconds, 1),
                    b.digits, 'half_up'
                )
        ELSE
            billing.round_quotient(
                p.unit_price * r.units * r.unit_seconds, p.unit_aku_seconds, p.rounding_digits, 'half_up'
            )
    END AS amount,
    CASE WHEN b.currency IS NOT NULL THEN 'bill' WHEN p.currency IS NOT NULL THEN 'plan' ELSE 'none' END AS priced_by
FROM marketplace.push_records AS r
LEFT JOIN LATERAL (
    SELECT
        bills.currency,
        coalesce(sum(l.amount) FILTER (WHERE l.kind <> 'included'), 0) AS amount,
        coalesce(max(scale(l.amount)) FILTER (WHERE l.kind <> 'included'), 2) AS digits,
        coalesce(sum(l.metered_aku_seconds) FILTER (WHERE l.kind <> 'included'), 0) AS aku_seconds,
        bool_or(l.kind = 'included') AS has_free
    FROM billing.bills
    INNER JOIN billing.bill_lines AS l ON bills.bill_key = l.bill_key
    WHERE
        bills.subscription_key = r.subscription_key
        AND bills.document = 'bill'
        AND bills.state <> 'void'
        -- Said of the bill too, so that the lines of its other months are not read.
        AND r.hour_start >= bills.period_start
        AND r.hour_start < bills.period_end
        AND l.kind IN ('usage', 'overage', 'included')
        AND l.corrects_bill_key IS NULL
        AND r.hour_start >= l.line_start
        AND r.hour_start < l.line_end
    GROUP BY bills.currency
    HAVING bool_or(l.kind <> 'included')
) AS b ON TRUE
LEFT JOIN LATERAL (
    SELECT a.free
    FROM marketplace.agreement AS a
    -- Asked for each record of a bill with included usage: joined with all of the agreement, a few records would cost
    -- as much as all.
    WHERE b.has_free AND a.subscription_key = r.subscription_key AND a.hour_start = r.hour_start
    OFFSET 0
) AS h ON TRUE
LEFT JOIN LATERAL (
    SELECT
        plans.currency,
        t.unit_price,
        v.rounding_digits,
        coalesce(v.package_aku_seconds, 3600) AS unit_aku_seconds
    FROM billing.version_at(r.subscription_key, r.hour_start) AS v
    INNER JOIN billing.price_plans AS plans ON v.plan_key = plans.plan_key
    INNER JOIN billing.price_tiers AS t ON v.version_key = t.version_key AND t.tier = 1
    WHERE b.currency IS NULL
) AS p ON TRUE;
COMMENT ON VIEW marketplace.priced_records IS 'What each record of the ledger is worth, before discounts.';
COMMENT ON COLUMN marketplace.priced_records.record_key IS 'Record.';
COMMENT ON COLUMN marketplace.priced_records.currency IS 'ISO 4217 code; null where there is no price.';
COMMENT ON COLUMN marketplace.priced_records.amount IS 'What it is worth; null where there is no price.';
COMMENT ON COLUMN marketplace.priced_records.priced_by IS
'bill: the average price of its stretch of the bill; plan: the first tier''s price; none: no plan is in force.';
