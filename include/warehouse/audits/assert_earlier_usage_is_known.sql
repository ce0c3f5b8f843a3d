-- Usage of the time before metering is known, be it zero: only an import can give it. Where a subscription began more
-- than a day before metering did, it has a history; a shorter time is that of its deployment.
WITH earlier AS (
    SELECT
        b.bill_key,
        b.subscription_key,
        s.metering_started_at,
        greatest(b.period_start, s.started_at) AS starts,
        least(b.period_end, s.metering_started_at, s.ended_at) AS ends
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    WHERE
        s.metering_started_at > b.period_start
        AND s.metering_started_at - s.started_at > interval '1 day'
)

SELECT
    e.bill_key,
    jsonb_build_object(
        'starts', e.starts,
        'ends', e.ends,
        'metering_started_at', e.metering_started_at
    ) AS facts
FROM earlier AS e
WHERE
    e.starts < e.ends
    AND NOT EXISTS (
        SELECT FROM metering.instances AS i
        INNER JOIN metering.usage AS u ON i.instance_key = u.instance_key
        WHERE
            i.subscription_key = e.subscription_key
            AND u.hour_start >= date_trunc('hour', e.starts)
            AND u.hour_start < e.ends
    )
