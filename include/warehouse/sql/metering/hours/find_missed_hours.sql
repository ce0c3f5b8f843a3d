-- Environments that have hours before the window which were never closed, by where those begin: after a pause of the
-- work, for an environment that is newly metered, or because the database refused them. Of hours that later ones were
-- closed after, the last seven days are looked at; older ones hold the bill (assert_every_hour_is_closed).
WITH lives AS (
    SELECT
        e.environment_key,
        date_trunc('hour', s.metering_started_at) AS first_hour,
        greatest(
            date_trunc('hour', s.metering_started_at), CAST(:window_start AS timestamptz) - interval '7 days'
        ) AS looked_from,
        least(:window_start, s.ended_at) AS until_at
    FROM core.environments AS e
    INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
    WHERE s.metering_started_at < :window_start
),

counts AS (
    SELECT
        l.environment_key,
        l.looked_from,
        l.until_at,
        coalesce(
            (
                SELECT max(h.hour_start) + interval '1 hour' FROM metering.environment_hours AS h
                WHERE h.environment_key = l.environment_key AND h.hour_start < :window_start
            ),
            l.first_hour
        ) AS next_hour,
        (
            SELECT count(*) FROM metering.environment_hours AS h
            WHERE
                h.environment_key = l.environment_key
                AND h.hour_start >= l.looked_from
                AND h.hour_start < l.until_at
        ) AS hour_count
    FROM lives AS l
),

starts AS (
    SELECT
        c.environment_key,
        c.until_at,
        least(
            c.next_hour,
            CASE
                WHEN c.hour_count < ceil(extract(EPOCH FROM c.until_at - c.looked_from) / 3600)
                    THEN (
                        SELECT min(hours.hour_start)
                        FROM
                            generate_series(c.looked_from, c.until_at - interval '1 second', interval '1 hour')
                                AS hours (hour_start)
                        WHERE NOT EXISTS (
                            SELECT FROM metering.environment_hours AS h
                            WHERE h.environment_key = c.environment_key AND h.hour_start = hours.hour_start
                        )
                    )
            END
        ) AS window_start
    FROM counts AS c
)

SELECT
    window_start,
    array_agg(environment_key ORDER BY environment_key) AS environments
FROM starts
WHERE window_start < until_at
GROUP BY window_start
ORDER BY window_start
