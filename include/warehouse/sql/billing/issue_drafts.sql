-- A draft that some audit found something about is held; every other one is issued, and from then on never changes.
UPDATE billing.bills AS b
SET
    state = CASE WHEN f.bill_key IS NULL THEN 'issued' ELSE 'held' END,
    issued_at = CASE WHEN f.bill_key IS NULL THEN CAST(:issued_at AS timestamptz) END
FROM billing.bills AS d
LEFT JOIN (SELECT DISTINCT bill_key FROM billing.bill_findings) AS f ON d.bill_key = f.bill_key
WHERE
    b.bill_key = d.bill_key
    AND b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.state = 'draft'
