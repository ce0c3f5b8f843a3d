-- What waits to correct an issued bill has a next bill to wait for: that of a subscription which ended needs a person.
WITH waiting AS (
    SELECT bill_key
    FROM billing.late_usage
    WHERE state = 'pending'
    UNION
    SELECT bill_key
    FROM billing.corrections
    WHERE state = 'pending'
)

SELECT
    b.bill_key,
    jsonb_build_object(
        'subscription_id', s.subscription_id,
        'ended_at', s.ended_at
    ) AS facts
FROM waiting AS w
INNER JOIN billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b ON w.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    NOT billing.has_next_bill(b.subscription_key)
