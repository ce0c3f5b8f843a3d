-- Billing periods that have a bill, newest first.
SELECT
    period,
    count(*) AS bill_count
FROM billing.bills
WHERE state <> 'void'
GROUP BY period
ORDER BY period DESC
