-- The days of each time zone that plans have, with their bounds. Reading the days' hours by these bounds, day by day,
-- takes an index and one partition for each; a day computed from the hour would take all of them.
CREATE VIEW analytics.days AS
SELECT
    zones.time_zone,
    CAST(days.day AS date) AS day,
    days.day AT TIME ZONE zones.time_zone AS day_start,
    (days.day + interval '1 day') AT TIME ZONE zones.time_zone AS day_end
FROM (
    SELECT
        time_zone,
        least(
            (SELECT min(hour_start) FROM metering.subscription_hours),
            (SELECT min(period_start) FROM billing.bills)
        ) AS first_at,
        greatest(
            (SELECT max(hour_start) FROM metering.subscription_hours),
            (SELECT max(period_end) - interval '1 second' FROM billing.bills WHERE issued_at IS NOT NULL)
        ) AS last_at
    FROM (
        SELECT time_zone FROM billing.price_plans
        UNION
        SELECT 'UTC'
    ) AS plans
) AS zones
CROSS JOIN LATERAL generate_series(
    date_trunc('day', zones.first_at AT TIME ZONE zones.time_zone),
    date_trunc('day', zones.last_at AT TIME ZONE zones.time_zone),
    interval '1 day'
) AS days (day);

COMMENT ON VIEW analytics.days IS
'Days from the first that was metered or billed to the last one, in each time zone that price plans have.';
COMMENT ON COLUMN analytics.days.time_zone IS 'IANA zone.';
COMMENT ON COLUMN analytics.days.day IS 'Calendar day of that zone.';
COMMENT ON COLUMN analytics.days.day_start IS 'Its start (inclusive).';
COMMENT ON COLUMN analytics.days.day_end IS 'Its end (exclusive); with daylight saving, 23 or 25 hours later.';
