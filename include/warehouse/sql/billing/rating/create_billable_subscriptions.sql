-- The subscriptions to rate, into billable_subscriptions of this transaction. plan_key is NULL where the plan was never
-- published.
CREATE TEMPORARY TABLE billable_subscriptions ON COMMIT DROP AS
SELECT
    s.subscription_key,
    s.subscription_id,
    coalesce(billed.price_plan, s.price_plan) AS price_plan,
    p.plan_key,
    p.currency,
    p.time_zone,
    s.started_at,
    lives.ended_at,
    -- Live ones get a bill even without usage; the others only when they have some.
    s.state IN ('active', 'released')
    AND s.started_at < :period_end
    AND (lives.ended_at IS NULL OR lives.ended_at > greatest(s.started_at, :period_start)) AS is_live,
    CASE WHEN whole.active_start < whole.active_end THEN whole.active_start ELSE :period_start END AS active_start,
    CASE WHEN whole.active_start < whole.active_end THEN whole.active_end ELSE :period_end END AS active_end
FROM core.subscriptions AS s
LEFT JOIN billing.issued_bills AS billed
    ON s.subscription_key = billed.subscription_key AND billed.period_start = :period_start
LEFT JOIN billing.price_plans AS p ON coalesce(billed.price_plan, s.price_plan) = p.name
-- What was known when a bill was drafted does not know an end that was entered since.
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN billed.drafted_at <= CAST(:known_at AS timestamptz) THEN billed.subscription_ended_at
                ELSE s.ended_at
            END AS ended_at
    ) AS lives
-- Its whole seconds within the period. One that was not active in it counts as active all through.
CROSS JOIN
    LATERAL (
        SELECT
            CASE WHEN s.started_at IS NOT NULL THEN date_trunc('second', greatest(s.started_at, :period_start)) END
                AS active_start,
            date_trunc('second', least(lives.ended_at, :period_end)) AS active_end
    ) AS whole
WHERE s.subscription_key = any(CAST(:subscriptions AS bigint[]))
