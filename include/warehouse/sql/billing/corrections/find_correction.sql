-- A correction with the bill that it corrects, the document that has it, and the hours of late usage that wait there.
SELECT
    c.correction_key,
    c.correction_id,
    c.cause,
    c.state,
    c.withdrawn_by,
    c.withdrawal_reason,
    root.bill_key,
    root.bill_id,
    root.period,
    root.currency,
    plan.time_zone,
    d.bill_id AS document_id,
    (
        SELECT count(*) FROM billing.late_usage AS a
        WHERE a.bill_key = root.bill_key AND a.state = 'pending'
    ) AS late_hours
FROM billing.corrections AS c
INNER JOIN billing.bills AS root ON c.bill_key = root.bill_key
INNER JOIN billing.price_plans AS plan ON root.price_plan = plan.name
LEFT JOIN billing.bills AS d ON c.document_bill_key = d.bill_key
WHERE c.correction_id = :correction_id
