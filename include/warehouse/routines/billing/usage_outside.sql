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
        h.aku_seconds + coalesce(d.aku_seconds, 0) AS aku_seconds
    FROM core.subscriptions AS s
    INNER JOIN metering.subscription_hours AS h
        ON
            s.subscription_key = h.subscription_key
            AND h.aku_seconds > 0
            AND h.hour_start >= usage_outside.since
            AND (h.hour_start + interval '1 hour' <= s.started_at OR h.hour_start >= s.ended_at)
    LEFT JOIN billing.issued_bills AS b
        ON
            h.subscription_key = b.subscription_key
            AND b.period_start <= h.hour_start
            AND b.period_end > h.hour_start
    LEFT JOIN LATERAL billing.late_differences(b.bill_key) AS d ON h.hour_start = d.hour_start
    WHERE h.aku_seconds + coalesce(d.aku_seconds, 0) > 0
$$;
COMMENT ON FUNCTION billing.usage_outside IS
'Hours since an instant with usage before a subscription started or after it ended, by what is known now.';
