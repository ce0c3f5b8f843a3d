-- Hours that the rest of a running period is expected to have, for these subscriptions, into billing.rating_hours,
-- beside which the metered ones count: each subscription's mean over the last seven days that it was known, for as long
-- as it lives; none of one that is frozen. The rest begins after the newest hour that was closed for its environment;
-- where none was in two days, at the instant given.
WITH living AS (
    SELECT
        s.subscription_key,
        e.environment_key,
        s.started_at,
        coalesce(s.ended_at, :period_end) AS ended_at
    FROM core.subscriptions AS s
    LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
    WHERE
        s.state = 'active'
        AND s.subscription_key = any(CAST(:subscriptions AS bigint[]))
        AND NOT EXISTS (
            SELECT FROM core.freezes AS f
            WHERE f.subscription_key = s.subscription_key AND f.frozen_until IS NULL
        )
),

rests AS (
    SELECT
        l.subscription_key,
        l.started_at,
        least(l.ended_at, :period_end) AS rest_end,
        greatest(
            coalesce(
                (
                    SELECT max(h.hour_start) + interval '1 hour' FROM metering.environment_hours AS h
                    WHERE
                        h.environment_key = l.environment_key
                        AND h.state = 'closed'
                        AND h.hour_start >= CAST(:at AS timestamptz) - interval '2 days'
                        AND h.hour_start < :at
                ),
                date_trunc('hour', CAST(:at AS timestamptz), 'UTC')
            ),
            :period_start
        ) AS rest_start
    FROM living AS l
),

means AS (
    SELECT
        r.subscription_key,
        r.rest_start,
        r.rest_end,
        sum(h.aku_seconds) AS aku_seconds,
        sum(h.peak_aku) AS peak_aku,
        sum(h.whole_hour_aku_seconds) AS whole_hour_aku_seconds,
        -- At least one hour, so that a subscription of minutes ago divides too.
        greatest(
            CAST(
                extract(EPOCH FROM r.rest_start - greatest(r.started_at, r.rest_start - interval '7 days')) / 3600
                AS bigint
            ),
            1
        ) AS hour_count
    FROM rests AS r
    INNER JOIN metering.subscription_hours AS h
        ON
            r.subscription_key = h.subscription_key
            AND r.rest_start > h.hour_start
            AND h.hour_start >= r.rest_start - interval '7 days'
            -- The same again, as partitions are chosen by it.
            AND h.hour_start >= CAST(:period_start AS timestamptz) - interval '9 days'
            AND h.hour_start < :period_end
    GROUP BY r.subscription_key, r.started_at, r.rest_start, r.rest_end
)

INSERT INTO billing.rating_hours (
    subscription_key, hour_start, aku_seconds, peak_aku, whole_hour_aku_seconds
)
SELECT
    m.subscription_key,
    rest.hour_start,
    div(2 * m.aku_seconds + m.hour_count, 2 * m.hour_count) AS aku_seconds,
    div(2 * m.peak_aku + m.hour_count, 2 * m.hour_count) AS peak_aku,
    div(2 * m.whole_hour_aku_seconds + m.hour_count, 2 * m.hour_count) AS whole_hour_aku_seconds
FROM means AS m
CROSS JOIN LATERAL generate_series(m.rest_start, m.rest_end - interval '1 second', interval '1 hour')
    AS rest (hour_start)
