-- Hours that lie in the periods of two bills of a subscription.
SELECT
    s.subscription_id,
    greatest(b.period_start, o.period_start) AS from_at,
    least(b.period_end, o.period_end) AS until_at,
    0 AS aku_seconds,
    b.bill_id || ', ' || o.bill_id AS bill_ids
FROM billing.bills AS b
INNER JOIN billing.bills AS o
    ON
        b.subscription_key = o.subscription_key
        AND b.bill_key < o.bill_key
        AND b.period_start < o.period_end
        AND b.period_end > o.period_start
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    b.document = 'bill'
    AND o.document = 'bill'
    AND b.state <> 'void'
    AND o.state <> 'void'
    AND b.period_end > :ended_after
    AND o.period_end > :ended_after
