-- Billing periods that have a bill, void ones included, newest first.
SELECT
    period,
    count(*) AS bill_count
FROM billing.bills
GROUP BY period
ORDER BY period DESC
