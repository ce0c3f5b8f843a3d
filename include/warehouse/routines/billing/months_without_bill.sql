-- Closed periods in which a subscription has no bill, with what it used in them. A draft or held bill is on its way,
-- and a void one is a decision.
-- Without a setting of its own, so that PostgreSQL inlines it.
CREATE FUNCTION billing.months_without_bill(ended_after timestamptz) RETURNS TABLE (
    subscription_key bigint,
    subscription_id text,
    period_start timestamptz,
    period_end timestamptz,
    used_from timestamptz,
    used_until timestamptz,
    aku_seconds numeric
) LANGUAGE sql STABLE AS $$
    SELECT
        m.subscription_key,
        m.subscription_id,
        m.period_start,
        m.period_end,
        min(h.hour_start) AS used_from,
        max(h.hour_start) + interval '1 hour' AS used_until,
        sum(h.aku_seconds) AS aku_seconds
    FROM billing.closed_months(months_without_bill.ended_after) AS m
    LEFT JOIN metering.subscription_hours AS h
        ON
            m.subscription_key = h.subscription_key
            AND m.period_start <= h.hour_start
            AND m.period_end > h.hour_start
            AND h.aku_seconds > 0
    WHERE NOT EXISTS (
        SELECT FROM billing.bills AS b
        WHERE
            b.subscription_key = m.subscription_key
            AND b.document = 'bill'
            AND b.period_start < m.period_end
            AND b.period_end > m.period_start
    )
    GROUP BY m.subscription_key, m.subscription_id, m.period_start, m.period_end
$$;
COMMENT ON FUNCTION billing.months_without_bill IS
'Closed periods that ended after an instant in which a subscription has no bill, with the hours that it used something '
'(null: none).';
