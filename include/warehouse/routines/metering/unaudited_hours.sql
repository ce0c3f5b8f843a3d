-- The hours of [starts, ends) whose sums changed since an audit looked at them, with what their usage adds up to.
CREATE FUNCTION metering.unaudited_hours(starts timestamptz, ends timestamptz, subscriptions bigint[])
RETURNS TABLE (
    subscription_key bigint,
    hour_start timestamptz,
    is_equal boolean,
    usage_digest numeric
)
LANGUAGE sql STABLE AS $$
    WITH due AS MATERIALIZED (
        SELECT h.*
        FROM metering.subscription_hours AS h
        WHERE
            h.usage_digest IS NULL
            AND h.hour_start >= unaudited_hours.starts
            AND h.hour_start < unaudited_hours.ends
            AND (unaudited_hours.subscriptions IS NULL OR h.subscription_key = any(unaudited_hours.subscriptions))
    ),

    bounds AS (
        SELECT
            min(due.hour_start) AS starts,
            max(due.hour_start) + interval '1 hour' AS ends,
            array_agg(DISTINCT due.subscription_key) AS subscriptions
        FROM due
    )

    SELECT
        d.subscription_key,
        d.hour_start,
        coalesce(
            (
                d.instance_count, d.aku_seconds, d.inferred_aku_seconds, d.estimated_aku_seconds, d.gap_seconds,
                d.peak_aku, d.whole_hour_aku_seconds
            ) = (
                u.instance_count, u.aku_seconds, u.inferred_aku_seconds, u.estimated_aku_seconds, u.gap_seconds,
                u.peak_aku, u.whole_hour_aku_seconds
            ),
            FALSE
        ) AS is_equal,
        u.usage_digest
    FROM due AS d
    CROSS JOIN bounds AS b
    LEFT JOIN LATERAL metering.summed_usage(b.starts, b.ends, b.subscriptions) AS u
        ON d.subscription_key = u.subscription_key AND d.hour_start = u.hour_start
$$;
COMMENT ON FUNCTION metering.unaudited_hours IS
'Hours whose sums changed since they were held against their usage, with whether they equal it, and its digest.';
