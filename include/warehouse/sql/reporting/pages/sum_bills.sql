-- One row per period and currency: amounts in two currencies are never added. Notes count with what they give back or
-- charge in addition; void bills are counted apart, and add nothing.
SELECT
    b.period,
    b.currency,
    count(*) FILTER (WHERE b.document = 'bill' AND b.state <> 'void') AS bill_count,
    count(*) FILTER (WHERE b.document <> 'bill') AS note_count,
    coalesce(sum(b.aku_seconds) FILTER (WHERE b.document = 'bill' AND b.state <> 'void'), 0) AS aku_seconds,
    coalesce(sum(b.total) FILTER (WHERE b.state <> 'void'), 0) AS total,
    count(*) FILTER (WHERE billing.is_issued(b.state) AND b.document = 'bill') AS issued_count,
    count(*) FILTER (WHERE b.state = 'held') AS held_count,
    count(*) FILTER (WHERE b.state = 'void') AS void_count,
    count(*) FILTER (WHERE r.verdict IN ('agrees', 'differs_by_rounding')) AS agreeing_count,
    count(*) FILTER (WHERE r.verdict IN ('differs', 'missing_here', 'missing_there')) AS differing_count
FROM billing.bills AS b
LEFT JOIN reconciliation.verdicts AS r
    ON b.subscription_key = r.subscription_key AND b.period = r.period AND b.document = 'bill'
WHERE cast(:period AS text) IS NULL OR b.period = :period
GROUP BY b.period, b.currency
ORDER BY b.period DESC, b.currency ASC
