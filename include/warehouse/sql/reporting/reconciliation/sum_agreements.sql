-- Where what a period's bills charge for usage went, by currency, as it was added up last; none of a currency of
-- which a bill was not added up.
SELECT
    b.currency,
    sum(k.licensed) AS licensed,
    sum(k.accepted) AS accepted,
    sum(k.expected) AS expected,
    sum(k.unknown) AS unknown,
    sum(k.missed) AS missed,
    sum(k.refused) AS refused,
    sum(k.waiting) AS waiting,
    sum(k.carried) AS carried,
    sum(k.difference) AS difference
FROM billing.bills AS b
LEFT JOIN marketplace.agreement_bills AS k ON b.bill_key = k.bill_key
WHERE b.period = :period AND b.document = 'bill' AND b.state <> 'void'
GROUP BY b.currency
HAVING count(k.bill_key) = count(*)
