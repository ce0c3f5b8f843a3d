-- Every hour from the start of metering on, while the subscription lived, is closed: a later poll showed how it ended.
WITH expected AS (
    SELECT
        b.bill_key,
        e.environment_key,
        greatest(b.period_start, date_trunc('hour', s.metering_started_at, 'UTC')) AS first_hour,
        least(b.period_end, coalesce(s.ended_at, b.period_end)) AS last_end
    FROM billing.bills AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
    WHERE
        b.period_start = :period_start
        AND b.period_end = :period_end
        AND b.document = 'bill'
        AND b.state = any(:states)
        AND s.metering_started_at IS NOT NULL
),

counts AS (
    SELECT
        x.bill_key,
        x.first_hour,
        x.last_end,
        CAST(ceil(extract(EPOCH FROM x.last_end - x.first_hour) / 3600) AS bigint) AS expected_count,
        count(h.hour_start) AS closed_count
    FROM expected AS x
    LEFT JOIN metering.environment_hours AS h
        ON
            x.environment_key = h.environment_key
            AND x.first_hour <= h.hour_start
            AND x.last_end > h.hour_start
            AND h.state = 'closed'
    WHERE x.first_hour < x.last_end
    GROUP BY x.bill_key, x.first_hour, x.last_end
)

SELECT
    bill_key,
    format(
        '%s of %s hours from %s UTC on are not closed. Run aku_metering for them once the console answers, then close '
        'the period again.',
        expected_count - closed_count,
        expected_count,
        to_char(first_hour AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"')
    ) AS sentence
FROM counts
WHERE closed_count < expected_count
