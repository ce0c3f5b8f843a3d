-- The hours of [starts, ends) that have no digest of their usage, of these subscriptions or (NULL) all: whether their
-- sums are those of the usage, and the digest that it has now.
CREATE FUNCTION metering.hours_without_digest(starts timestamptz, ends timestamptz, subscriptions bigint[])
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
            AND h.hour_start >= hours_without_digest.starts
            AND h.hour_start < hours_without_digest.ends
            AND (hours_without_digest.subscriptions IS NULL OR h.subscription_key = any(hours_without_digest.subscriptions))
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
COMMENT ON FUNCTION metering.hours_without_digest IS
'Hours without a digest: whether their sums are those of their usage, and its digest.';
