-- The document asked about, the bill whose period it is about, whether its subscription has a next bill, and what makes
-- usage of that period late: hours that wait, or an end of the subscription before the period's. And whether anything
-- waits for a document, late usage or not.
SELECT
    asked.document AS asked_document,
    root.bill_key,
    root.bill_id,
    root.state,
    root.issued_at,
    root.period,
    root.period_start,
    root.period_end,
    root.currency,
    root.subscription_key,
    s.subscription_id,
    s.state AS subscription_state,
    next_plan.currency AS next_currency,
    plan.time_zone,
    billing.has_next_bill(root.subscription_key) AS has_next_bill,
    coalesce(s.ended_at < root.period_end, FALSE) AS ends_before,
    (SELECT count(*) > 0 FROM billing.waiting_of(root.bill_key)) AS has_waiting,
    (
        SELECT count(*) FROM billing.late_usage AS a
        WHERE a.bill_key = root.bill_key AND a.state = 'pending'
    ) AS late_hours
FROM billing.bills AS asked
INNER JOIN billing.bills AS root ON coalesce(asked.corrects_bill_key, asked.bill_key) = root.bill_key
INNER JOIN core.subscriptions AS s ON root.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS plan ON root.price_plan = plan.name
LEFT JOIN billing.price_plans AS next_plan ON s.price_plan = next_plan.name
WHERE asked.bill_id = :bill_id
