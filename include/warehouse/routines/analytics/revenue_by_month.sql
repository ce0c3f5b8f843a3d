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
        l.metered_aku_seconds AS aku_seconds,
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
WHERE billing.is_issued(b.state)
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
