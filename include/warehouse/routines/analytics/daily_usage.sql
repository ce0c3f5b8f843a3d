CREATE VIEW analytics.daily_usage AS
SELECT
    d.day,
    s.account_id AS customer,
    s.region,
    s.department,
    s.subscription_id,
    round(CAST(h.aku_seconds AS numeric(32, 12)) / 3600, 6) AS aku_hours,
    round(CAST(h.inferred_aku_seconds AS numeric(32, 12)) / 3600, 6) AS inferred_aku_hours,
    round(CAST(h.estimated_aku_seconds AS numeric(32, 12)) / 3600, 6) AS estimated_aku_hours,
    round(CAST(h.gap_seconds AS numeric(32, 12)) / 3600, 6) AS gap_hours,
    h.largest_instance_count,
    d.time_zone
FROM analytics.days AS d
CROSS JOIN
    LATERAL (
        SELECT
            subscription_key,
            sum(aku_seconds) AS aku_seconds,
            sum(inferred_aku_seconds) AS inferred_aku_seconds,
            sum(estimated_aku_seconds) AS estimated_aku_seconds,
            sum(gap_seconds) AS gap_seconds,
            max(instance_count) AS largest_instance_count
        FROM metering.subscription_hours
        WHERE hour_start >= d.day_start AND hour_start < d.day_end
        GROUP BY subscription_key
    ) AS h
INNER JOIN core.subscriptions AS s ON h.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE coalesce(p.time_zone, 'UTC') = d.time_zone;

COMMENT ON VIEW analytics.daily_usage IS
'Usage by day and subscription as it was billed or will be; what is known of billed hours later comes with '
'corrections. Give a day, or a range of days: only their hours are read.';
COMMENT ON COLUMN analytics.daily_usage.day IS 'Calendar day of the price plan''s time zone.';
COMMENT ON COLUMN analytics.daily_usage.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.daily_usage.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.daily_usage.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.daily_usage.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.daily_usage.aku_hours IS 'AKU-hours of all its instances, to 6 places.';
COMMENT ON COLUMN analytics.daily_usage.inferred_aku_hours IS 'Of these, inferred across a silence.';
COMMENT ON COLUMN analytics.daily_usage.estimated_aku_hours IS 'Of these, estimated.';
COMMENT ON COLUMN analytics.daily_usage.gap_hours IS 'Hours under gaps, added up over its instances.';
COMMENT ON COLUMN analytics.daily_usage.largest_instance_count IS 'Most instances with usage in one hour of the day.';
COMMENT ON COLUMN analytics.daily_usage.time_zone IS 'Zone of the day.';
