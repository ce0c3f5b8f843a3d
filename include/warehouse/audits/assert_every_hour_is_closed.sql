-- Every hour from the start of metering on, while the subscription lived, is closed: a later poll showed how it ended.
WITH expected AS (
    SELECT
        b.bill_key,
        e.environment_key,
        greatest(b.period_start, date_trunc('hour', s.metering_started_at, 'UTC')) AS first_hour,
        least(b.period_end, coalesce(s.ended_at, b.period_end)) AS last_end
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
    WHERE
        s.metering_started_at IS NOT NULL
),

counts AS (
    SELECT
        x.bill_key,
        x.environment_key,
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
    GROUP BY x.bill_key, x.environment_key, x.first_hour, x.last_end
)

SELECT
    c.bill_key,
    jsonb_build_object(
        'open_hour_count', c.expected_count - c.closed_count,
        'hour_count', c.expected_count,
        'first_hour', c.first_hour,
        'first_open_hour', min(due.hour_start),
        'open_hours_digest', md5(string_agg(CAST(due.hour_start AS text), ',' ORDER BY due.hour_start))
    ) AS facts
FROM counts AS c
CROSS JOIN
    LATERAL generate_series(c.first_hour, c.last_end - interval '1 second', interval '1 hour') AS due (hour_start)
LEFT JOIN metering.environment_hours AS h
    ON c.environment_key = h.environment_key AND due.hour_start = h.hour_start AND h.state = 'closed'
WHERE c.closed_count < c.expected_count AND h.hour_start IS NULL
GROUP BY c.bill_key, c.first_hour, c.expected_count, c.closed_count
