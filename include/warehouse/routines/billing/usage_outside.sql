-- Usage outside the life of a subscription, as known by now: what issued bills say of such hours stays stored, and late
-- usage takes it back.
-- Without a setting of its own, so that PostgreSQL inlines it.
CREATE FUNCTION billing.usage_outside(since timestamptz) RETURNS TABLE (
    subscription_id text,
    hour_start timestamptz,
    is_after_end boolean,
    aku_seconds numeric
) LANGUAGE sql STABLE AS $$
    SELECT
        s.subscription_id,
        h.hour_start,
        coalesce(h.hour_start >= s.ended_at, FALSE) AS is_after_end,
        sum(h.aku_seconds) AS aku_seconds
    FROM core.subscriptions AS s
    INNER JOIN (
        SELECT
            metered.subscription_key,
            metered.hour_start,
            metered.aku_seconds
        FROM metering.subscription_hours AS metered
        WHERE metered.aku_seconds > 0
        UNION ALL
        SELECT
            late.subscription_key,
            late.hour_start,
            late.aku_seconds_after - late.aku_seconds_before AS aku_seconds
        FROM billing.late_usage AS late
        WHERE late.state IN ('pending', 'applied')
    ) AS h
        ON
            s.subscription_key = h.subscription_key
            AND h.hour_start >= usage_outside.since
            AND (h.hour_start + interval '1 hour' <= s.started_at OR h.hour_start >= s.ended_at)
    GROUP BY s.subscription_id, s.ended_at, h.hour_start
    HAVING sum(h.aku_seconds) > 0
$$;
COMMENT ON FUNCTION billing.usage_outside IS
'Hours since an instant with usage before a subscription started or after it ended, by what is known now.';
