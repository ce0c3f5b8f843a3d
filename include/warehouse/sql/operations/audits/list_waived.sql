-- What persons waived of these bills, exactly as it was found.
SELECT
    b.bill_key,
    w.finding,
    w.facts
FROM billing.bills AS b
INNER JOIN billing.waivers AS w ON b.subscription_key = w.subscription_key AND b.period = w.period
WHERE b.bill_key = any(CAST(:bill_keys AS bigint[])) AND b.document = 'bill'
