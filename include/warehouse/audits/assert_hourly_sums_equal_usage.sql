-- The sums by subscription and hour are those of the usage. An hour has a digest of its usage where they are, and where
-- neither changed since; the others are looked at again.
SELECT
    b.bill_key,
    jsonb_build_object(
        'hour_count', count(*),
        'first_hour', min(h.hour_start)
    ) AS facts
FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
INNER JOIN metering.unaudited_hours(:period_start, :period_end, :subscriptions) AS h
    ON b.subscription_key = h.subscription_key
WHERE NOT h.is_equal
GROUP BY b.bill_key
