-- The sums by subscription and hour are those of the usage. An hour that has a digest was found to be so, and did not
-- change since; the others are compared here.
SELECT
    b.bill_key,
    jsonb_build_object(
        'hour_count', count(*),
        'first_hour', min(h.hour_start)
    ) AS facts
FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
INNER JOIN metering.hours_without_digest(:period_start, :period_end, :subscriptions) AS h
    ON b.subscription_key = h.subscription_key
WHERE NOT h.is_equal
GROUP BY b.bill_key
