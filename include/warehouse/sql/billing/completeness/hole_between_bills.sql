-- Time between two bills that follow one another, outside the closed periods that are named as without a bill anyway.
-- The draft of a running month may be there before the month before it is closed.
SELECT
    s.subscription_id,
    h.from_at,
    h.until_at,
    0 AS aku_seconds,
    h.earlier_id || ', ' || h.bill_id AS bill_ids
FROM (
    SELECT
        b.subscription_key,
        b.period_start AS until_at,
        b.bill_id,
        lag(b.period_end) OVER life AS from_at,
        lag(b.bill_id) OVER life AS earlier_id
    FROM billing.bills AS b
    WHERE b.document = 'bill' AND b.state <> 'draft'
    WINDOW life AS (PARTITION BY b.subscription_key ORDER BY b.period_start, b.bill_key)
) AS h
INNER JOIN core.subscriptions AS s ON h.subscription_key = s.subscription_key
WHERE
    h.from_at < h.until_at
    AND h.until_at > :ended_after
    AND NOT EXISTS (
        SELECT FROM billing.months_without_bill(:ended_after) AS m
        WHERE
            m.subscription_key = h.subscription_key
            AND m.period_start < h.until_at
            AND m.period_end > h.from_at
    )
