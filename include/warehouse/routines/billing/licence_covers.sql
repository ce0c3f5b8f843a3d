-- What licences cover of each hour of the subscriptions being rated (billing.rating_segments). It is the same in all
-- hours of a stretch: hours in which terms start or end stand alone. ended_at says when in the hour the last licence
-- ended, where none followed.
CREATE FUNCTION billing.licence_covers(starts timestamptz, ends timestamptz)
RETURNS TABLE (
    subscription_key bigint,
    first_hour timestamptz,
    until_hour timestamptz,
    aku_seconds bigint,
    ended_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH terms AS (
        SELECT
            l.subscription_key,
            l.term_start,
            l.term_end,
            l.capacity_aku,
            NOT EXISTS (
                SELECT FROM core.licences AS successor
                WHERE
                    successor.subscription_key = l.subscription_key
                    AND successor.term_start <= l.term_end
                    AND successor.term_end > l.term_end
            ) AS is_last
        FROM core.licences AS l
        WHERE
            l.subscription_key IN (SELECT p.subscription_key FROM billing.rating_segments AS p)
            AND l.term_start < licence_covers.ends
            AND l.term_end > licence_covers.starts
    ),

    edges AS (
        SELECT DISTINCT
            t.subscription_key,
            date_trunc('hour', instant, 'UTC') + after AS edge
        FROM terms AS t
        CROSS JOIN LATERAL unnest(ARRAY[t.term_start, t.term_end]) AS instants (instant)
        CROSS JOIN unnest(ARRAY[interval '0 hours', interval '1 hour']) AS offsets (after)
    ),

    stretches AS (
        SELECT
            e.subscription_key,
            e.edge AS first_hour,
            lead(e.edge) OVER (PARTITION BY e.subscription_key ORDER BY e.edge) AS until_hour
        FROM edges AS e
    )

    SELECT
        s.subscription_key,
        s.first_hour,
        s.until_hour,
        CAST(
            sum(
                t.capacity_aku * (
                    CAST(floor(extract(EPOCH FROM least(t.term_end, s.first_hour + interval '1 hour'))) AS bigint)
                    - CAST(floor(extract(EPOCH FROM greatest(t.term_start, s.first_hour))) AS bigint)
                )
            ) AS bigint
        ) AS aku_seconds,
        max(t.term_end) FILTER (WHERE t.is_last AND t.term_end < s.first_hour + interval '1 hour') AS ended_at
    FROM stretches AS s
    INNER JOIN terms AS t
        ON
            s.subscription_key = t.subscription_key
            AND t.term_start < s.first_hour + interval '1 hour'
            AND t.term_end > s.first_hour
    GROUP BY s.subscription_key, s.first_hour, s.until_hour
$$;
COMMENT ON FUNCTION billing.licence_covers IS
'AKU-seconds that licences cover of each hour in [first_hour, until_hour), of the subscriptions in '
'billing.rating_segments; ended_at is the end of the last licence within the hour.';
