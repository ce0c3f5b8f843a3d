-- What was metered in the period is what the bill charges for, to the AKU-second.
WITH metered AS (
    SELECT
        subscription_key,
        sum(CAST(aku_seconds AS integer)) AS aku_seconds
    FROM metering.usage
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
    GROUP BY subscription_key
)

SELECT
    b.bill_key,
    format(
        'The bill has %s AKU-seconds, metering has %s. Report this: it is a mistake in rating.',
        b.aku_seconds, coalesce(m.aku_seconds, 0)
    ) AS sentence
FROM billing.bills AS b
LEFT JOIN metered AS m ON b.subscription_key = m.subscription_key
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.state = any(:states)
    AND b.aku_seconds <> coalesce(m.aku_seconds, 0)
