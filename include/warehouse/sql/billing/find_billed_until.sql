-- Until when the plan's prices stand on issued bills, and so can not be followed by a version that starts earlier.
SELECT max(period_end) AS billed_until
FROM billing.bills
WHERE price_plan = :name AND state IN ('issued', 'settled')
