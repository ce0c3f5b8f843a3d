-- Drafts and held bills with lines or taxes that correct this bill.
SELECT
    b.bill_key,
    b.bill_id,
    b.period,
    b.period_start,
    b.period_end,
    plan.time_zone
FROM billing.bills AS b
INNER JOIN billing.price_plans AS plan ON b.price_plan = plan.name
WHERE
    b.state IN ('draft', 'held')
    AND (
        EXISTS (
            SELECT FROM billing.bill_lines AS l
            WHERE l.bill_key = b.bill_key AND l.corrects_bill_key = :root_key
        )
        OR EXISTS (
            SELECT FROM billing.bill_taxes AS t
            WHERE t.bill_key = b.bill_key AND t.for_bill_key = :root_key
        )
    )
ORDER BY b.bill_key
