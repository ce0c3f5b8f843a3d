-- The closed periods that each subscription is billed by. One whose plan is not published is looked at with every zone.
-- Without a setting of its own, so that PostgreSQL inlines it.
CREATE FUNCTION billing.closed_months(ended_after timestamptz) RETURNS TABLE (
    subscription_key bigint,
    subscription_id text,
    period_start timestamptz,
    period_end timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT
        s.subscription_key,
        s.subscription_id,
        c.period_start,
        c.period_end
    FROM core.subscriptions AS s
    LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
    INNER JOIN billing.closed_periods AS c
        ON coalesce(p.time_zone, c.time_zone) = c.time_zone AND c.period_end > closed_months.ended_after
$$;
COMMENT ON FUNCTION billing.closed_months IS
'Subscriptions with the closed periods of their plan''s time zone that ended after an instant, billed or not.';
