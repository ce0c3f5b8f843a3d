CREATE VIEW analytics.revenue_by_month AS
SELECT
    amounts.period,
    to_char(b.issued_at AT TIME ZONE coalesce(p.time_zone, 'UTC'), 'YYYY-MM') AS issued_in,
    s.account_id AS customer,
    s.region,
    s.department,
    s.product,
    b.price_plan,
    b.currency,
    sum(amounts.amount) - sum(amounts.tax_included) AS revenue,
    sum(CASE WHEN amounts.is_correction THEN amounts.amount - amounts.tax_included ELSE 0 END) AS corrections,
    sum(amounts.tax) AS tax,
    sum(amounts.amount) - sum(amounts.tax_included) + sum(amounts.tax) AS payable,
    round(CAST(sum(amounts.aku_seconds) AS numeric(38, 12)) / 3600, 6) AS aku_hours,
    count(DISTINCT b.bill_key) AS document_count
FROM (
    SELECT
        l.bill_key,
        coalesce(root.period, own.period) AS period,
        l.corrects_bill_key IS NOT NULL AS is_correction,
        l.amount,
        l.aku_seconds,
        CAST(0 AS numeric) AS tax,
        CAST(0 AS numeric) AS tax_included
    FROM billing.bill_lines AS l
    INNER JOIN billing.bills AS own ON l.bill_key = own.bill_key
    LEFT JOIN billing.bills AS root ON l.corrects_bill_key = root.bill_key
    UNION ALL
    SELECT
        t.bill_key,
        root.period,
        t.for_bill_key <> t.bill_key AS is_correction,
        0 AS amount,
        0 AS aku_seconds,
        t.amount AS tax,
        CASE WHEN t.is_inclusive THEN t.amount ELSE 0 END AS tax_included
    FROM billing.bill_taxes AS t
    INNER JOIN billing.bills AS root ON t.for_bill_key = root.bill_key
) AS amounts
INNER JOIN billing.bills AS b ON amounts.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
WHERE b.state IN ('issued', 'settled')
GROUP BY
    amounts.period, issued_in, s.account_id, s.region, s.department, s.product, b.price_plan, b.currency;

COMMENT ON VIEW analytics.revenue_by_month IS
'Revenue of issued documents by the month that it is for and the month that it was issued in. A correction counts for'
' the month that it corrects; add up over issued_in for a month''s revenue as known now, or leave later ones out for '
'what was known then.';
COMMENT ON COLUMN analytics.revenue_by_month.period IS 'Billing period that the revenue is for, YYYY-MM.';
COMMENT ON COLUMN analytics.revenue_by_month.issued_in IS
'Month of the plan''s time zone in which it was issued, YYYY-MM.';
COMMENT ON COLUMN analytics.revenue_by_month.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.revenue_by_month.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.revenue_by_month.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.revenue_by_month.product IS 'Product of the catalogue.';
COMMENT ON COLUMN analytics.revenue_by_month.price_plan IS 'Price plan of the documents.';
COMMENT ON COLUMN analytics.revenue_by_month.currency IS 'ISO 4217 code of all amounts.';
COMMENT ON COLUMN analytics.revenue_by_month.revenue IS 'Without any tax.';
COMMENT ON COLUMN analytics.revenue_by_month.corrections IS 'Of this, from corrections; negative where they give back.';
COMMENT ON COLUMN analytics.revenue_by_month.tax IS 'Tax on it, contained in the lines or not.';
COMMENT ON COLUMN analytics.revenue_by_month.payable IS 'Revenue and tax.';
COMMENT ON COLUMN analytics.revenue_by_month.aku_hours IS 'AKU-hours, with those that corrections add or take.';
COMMENT ON COLUMN analytics.revenue_by_month.document_count IS 'Documents that have some of it.';

-- What a subscription has to be billed: the periods of its drafts and held bills, and all time after its last bill. A
-- void bill is the last word on its period.
CREATE VIEW analytics.unbilled_to_date AS
WITH billed AS (
    SELECT
        subscription_key,
        max(period_end) AS until_at
    FROM billing.bills
    WHERE document = 'bill'
    GROUP BY subscription_key
),

windows AS (
    SELECT
        s.subscription_key,
        coalesce(b.until_at, s.started_at) AS from_at,
        CAST('infinity' AS timestamptz) AS until_at,
        CAST(NULL AS bigint) AS bill_key
    FROM core.subscriptions AS s
    LEFT JOIN billed AS b ON s.subscription_key = b.subscription_key
    UNION ALL
    SELECT
        subscription_key,
        period_start AS from_at,
        period_end AS until_at,
        bill_key
    FROM billing.bills
    WHERE state IN ('draft', 'held') AND document = 'bill'
),

used AS (
    SELECT
        w.subscription_key,
        w.from_at,
        sum(h.aku_seconds) AS aku_seconds,
        max(h.hour_start) + interval '1 hour' AS metered_until
    FROM windows AS w
    INNER JOIN metering.subscription_hours AS h
        ON
            w.subscription_key = h.subscription_key
            AND w.from_at <= h.hour_start
            AND w.until_at > h.hour_start
    -- Said again, so that only the partitions from there on are opened.
    WHERE h.hour_start >= (SELECT min(earliest.from_at) FROM windows AS earliest)
    GROUP BY w.subscription_key, w.from_at
)

SELECT
    s.subscription_id,
    s.account_id AS customer,
    s.region,
    s.department,
    s.price_plan,
    w.from_at AS unbilled_from,
    u.metered_until,
    round(CAST(coalesce(u.aku_seconds, 0) AS numeric(38, 12)) / 3600, 6) AS aku_hours,
    b.bill_id,
    b.state,
    b.drafted_at,
    b.currency,
    b.total,
    b.forecast_total
FROM windows AS w
INNER JOIN core.subscriptions AS s ON w.subscription_key = s.subscription_key
LEFT JOIN used AS u ON w.subscription_key = u.subscription_key AND w.from_at = u.from_at
LEFT JOIN billing.bills AS b ON w.bill_key = b.bill_key
WHERE u.aku_seconds > 0 OR b.bill_key IS NOT NULL;

COMMENT ON VIEW analytics.unbilled_to_date IS
'What is metered and on no issued bill yet: a row for each draft or held bill, and one for the time after the last '
'bill of each subscription. Late usage of billed hours is not here: it waits in billing.pending_adjustments.';
COMMENT ON COLUMN analytics.unbilled_to_date.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.unbilled_to_date.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.unbilled_to_date.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.unbilled_to_date.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.unbilled_to_date.price_plan IS 'The subscription''s own price plan.';
COMMENT ON COLUMN analytics.unbilled_to_date.unbilled_from IS 'Start of the unbilled time.';
COMMENT ON COLUMN analytics.unbilled_to_date.metered_until IS 'End of its last hour with usage; null without any.';
COMMENT ON COLUMN analytics.unbilled_to_date.aku_hours IS 'AKU-hours in it, to 6 places.';
COMMENT ON COLUMN analytics.unbilled_to_date.bill_id IS
'Draft or held bill of this time; null where there is none yet.';
COMMENT ON COLUMN analytics.unbilled_to_date.state IS 'draft or held; null where there is no bill yet.';
COMMENT ON COLUMN analytics.unbilled_to_date.drafted_at IS
'When that bill was drafted: what was metered since is not in its total.';
COMMENT ON COLUMN analytics.unbilled_to_date.currency IS 'ISO 4217 code; null where there is no bill yet.';
COMMENT ON COLUMN analytics.unbilled_to_date.total IS 'Total of that bill as drafted.';
COMMENT ON COLUMN analytics.unbilled_to_date.forecast_total IS 'For a running period: the total expected at its end.';

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
    round(CAST(l.aku_seconds AS numeric(32, 12)) / 3600, 6) AS aku_hours,
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
' billing.corrections and billing.pending_adjustments.';
COMMENT ON COLUMN analytics.corrections.document_id IS 'Document with the line.';
COMMENT ON COLUMN analytics.corrections.document IS 'bill, credit_note or debit_note.';
COMMENT ON COLUMN analytics.corrections.state IS 'State of that document; only issued and settled ones count.';
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
COMMENT ON COLUMN analytics.corrections.name IS 'Name of the component, for fees.';
COMMENT ON COLUMN analytics.corrections.aku_hours IS 'AKU-hours that the correction adds, or takes where negative.';
COMMENT ON COLUMN analytics.corrections.amount IS 'Amount that it adds, or gives back where negative.';
COMMENT ON COLUMN analytics.corrections.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN analytics.corrections.reason IS 'Why, for the customer.';
COMMENT ON COLUMN analytics.corrections.cause IS 'late_usage, price, discount or refund.';
COMMENT ON COLUMN analytics.corrections.requested_by IS 'Who asked for it; null for late usage that came by itself.';
COMMENT ON COLUMN analytics.corrections.requested_at IS 'When it was asked for; null likewise.';
COMMENT ON COLUMN analytics.corrections.issued_at IS 'When the document was issued; null before.';
