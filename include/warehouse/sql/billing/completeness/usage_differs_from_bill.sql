-- An issued bill that does not say what is stored as the usage of its period, which stays as it was billed.
SELECT
    s.subscription_id,
    b.period_start AS from_at,
    b.period_end AS until_at,
    coalesce(sum(h.aku_seconds), 0) - b.aku_seconds AS aku_seconds,
    b.bill_id AS bill_ids
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN metering.subscription_hours AS h
    ON
        b.subscription_key = h.subscription_key
        AND b.period_start <= h.hour_start
        AND b.period_end > h.hour_start
WHERE b.document = 'bill' AND billing.is_issued(b.state) AND b.period_end > :ended_after
GROUP BY s.subscription_id, b.bill_key
HAVING coalesce(sum(h.aku_seconds), 0) <> b.aku_seconds
