SELECT
    b.bill_id,
    f.finding,
    f.facts
FROM billing.bills AS b
INNER JOIN billing.bill_findings AS f ON b.bill_key = f.bill_key
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state = 'held'
ORDER BY b.bill_id, f.finding
