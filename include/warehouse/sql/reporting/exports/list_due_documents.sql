-- Issued documents that belong into the files of a period, those of one subscription together: the period's bills, and
-- the notes that were issued in it, whichever bill they correct. So the files of a period never change once it is over.
SELECT b.bill_id
FROM billing.bills AS b
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
WHERE
    b.state IN ('issued', 'reconciled')
    AND CASE
        WHEN b.document = 'bill' THEN b.period
        ELSE to_char(b.issued_at AT TIME ZONE coalesce(p.time_zone, 'UTC'), 'YYYY-MM')
    END = :period
    AND (
        NOT :only_new
        OR NOT EXISTS (
            SELECT 1 FROM reporting.exports AS x
            WHERE b.bill_key = x.bill_key AND x.format = 'pdf' AND x.language = :language
        )
    )
ORDER BY b.subscription_key, b.issued_at, b.bill_id
