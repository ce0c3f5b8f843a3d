-- Months with an issued bill that the Marketplace's final bill has not confirmed, as far back as BSS answers.
SELECT DISTINCT period
FROM billing.bills
WHERE
    state = 'issued'
    AND period BETWEEN :oldest_cycle AND :last_cycle
ORDER BY period
