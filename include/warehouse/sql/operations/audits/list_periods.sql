-- Billing periods that have issued bills and ended not long ago.
SELECT DISTINCT
    period_start,
    period_end
FROM billing.bills
WHERE billing.is_issued(state) AND period_end > :ended_after
ORDER BY period_start, period_end
