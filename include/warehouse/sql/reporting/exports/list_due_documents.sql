-- Issued documents that belong into the files of a period, those of one subscription together: the period's bills, and
-- the notes that were issued in it, whichever bill they correct. So the files of a period never change once it is over.
SELECT b.bill_id
FROM billing.documents AS b
WHERE
    b.is_issued
    AND b.filed_in = :period
    AND (
        NOT :only_new
        OR NOT EXISTS (
            SELECT 1 FROM reporting.exports AS x
            WHERE
                b.bill_key = x.bill_key
                AND x.format = 'pdf'
                AND x.language = :language
                AND x.destination = :destination
        )
    )
ORDER BY b.subscription_key, b.issued_at, b.bill_id
