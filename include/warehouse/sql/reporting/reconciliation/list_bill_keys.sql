-- The first bills of a period, at most one more than is asked for.
SELECT bill_key
FROM billing.bills
WHERE period = :period AND document = 'bill' AND state <> 'void'
ORDER BY bill_key
LIMIT :at_most + 1
