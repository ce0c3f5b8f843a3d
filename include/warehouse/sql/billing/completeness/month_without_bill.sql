-- A closed period in which the subscription was active, used nothing, and has no bill.
SELECT
    m.subscription_id,
    m.period_start AS from_at,
    m.period_end AS until_at,
    0 AS aku_seconds,
    NULL AS bill_ids
FROM billing.months_without_bill(:ended_after) AS m
INNER JOIN core.subscriptions AS s ON m.subscription_key = s.subscription_key
WHERE
    m.aku_seconds IS NULL
    AND s.state IN ('active', 'released')
    AND s.started_at < least(s.ended_at, m.period_end)
    AND (s.ended_at IS NULL OR s.ended_at > m.period_start)
