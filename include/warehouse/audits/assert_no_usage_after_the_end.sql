-- No usage is billed of hours after the subscription ended: an end that was entered late takes it back, and what issued
-- bills say of these hours is late usage, which corrects them.
WITH after_end AS (
    SELECT
        b.bill_key,
        s.ended_at,
        h.hour_start,
        h.aku_seconds + coalesce(d.aku_seconds, 0) AS aku_seconds
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    INNER JOIN metering.subscription_hours AS h
        ON
            b.subscription_key = h.subscription_key
            AND s.ended_at <= h.hour_start
            AND h.hour_start >= :period_start
            AND h.hour_start < :period_end
    LEFT JOIN LATERAL billing.late_differences(b.bill_key) AS d ON h.hour_start = d.hour_start
    WHERE
        s.ended_at < :period_end
)

SELECT
    bill_key,
    jsonb_build_object(
        'aku_seconds', sum(aku_seconds),
        'hour_count', count(*),
        'ended_at', min(ended_at)
    ) AS facts
FROM after_end
WHERE aku_seconds > 0
GROUP BY bill_key
