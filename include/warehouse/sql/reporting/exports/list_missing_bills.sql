-- Bills of a period that its files cannot hold yet.
SELECT bill_id
FROM billing.bills
WHERE period = :period AND document = 'bill' AND state IN ('draft', 'held')
ORDER BY bill_id
