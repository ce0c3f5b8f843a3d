-- Drafts and held bills with lines for a period that a document has corrected by now: the first one issued has them.
SELECT DISTINCT
    other.bill_key,
    other.period,
    plan.time_zone
FROM correction_roots AS r
INNER JOIN billing.bills AS d ON r.document_key = d.bill_key
INNER JOIN billing.bills AS other ON r.subscription_key = other.subscription_key AND d.bill_key <> other.bill_key
INNER JOIN billing.price_plans AS plan ON other.price_plan = plan.name
WHERE
    billing.is_issued(d.state)
    AND other.state IN ('draft', 'held')
    AND (
        EXISTS (
            SELECT FROM billing.bill_lines AS l
            WHERE l.bill_key = other.bill_key AND l.corrects_bill_key = r.root_key
        )
        OR EXISTS (
            SELECT FROM billing.bill_taxes AS t
            WHERE t.bill_key = other.bill_key AND t.for_bill_key = r.root_key
        )
    )
ORDER BY other.bill_key
