-- The public ids of bills.
SELECT
    bill_key,
    bill_id
FROM billing.bills
WHERE bill_key = any(CAST(:bill_keys AS bigint[]))
