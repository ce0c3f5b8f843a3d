-- One row per period and currency: amounts in two currencies are never added.
SELECT
    b.period,
    b.currency,
    count(*) AS bill_count,
    sum(b.aku_seconds) AS aku_seconds,
    sum(b.total) AS total,
    count(*) FILTER (WHERE b.state IN ('issued', 'settled')) AS issued_count,
    count(*) FILTER (WHERE b.state = 'held') AS held_count,
    count(*) FILTER (WHERE r.verdict IN ('agrees', 'differs_by_rounding')) AS agreeing_count,
    count(*) FILTER (WHERE r.verdict IN ('differs', 'missing_here', 'missing_there')) AS differing_count
FROM billing.bills AS b
LEFT JOIN settlement.reconciliations AS r ON b.subscription_key = r.subscription_key AND b.period = r.period
WHERE b.state <> 'void' AND (cast(:period AS text) IS NULL OR b.period = :period)
GROUP BY b.period, b.currency
ORDER BY b.period DESC, b.currency ASC
