-- What was found (found_late_usage) of hours on issued bills.
SELECT
    adjusted,
    bills
FROM billing.record_late_usage(:at)
