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

CREATE VIEW analytics.daily_usage AS
SELECT
    d.day,
    s.account_id AS customer,
    s.region,
    s.department,
    s.subscription_id,
    round(CAST(h.aku_seconds AS numeric(32, 12)) / 3600, 6) AS aku_hours,
    round(CAST(h.proved_aku_seconds AS numeric(32, 12)) / 3600, 6) AS proved_aku_hours,
    round(CAST(h.assumed_aku_seconds AS numeric(32, 12)) / 3600, 6) AS assumed_aku_hours,
    round(CAST(h.gap_seconds AS numeric(32, 12)) / 3600, 6) AS gap_hours,
    h.largest_instance_count,
    d.time_zone
FROM analytics.days AS d
CROSS JOIN
    LATERAL (
        SELECT
            subscription_key,
            sum(aku_seconds) AS aku_seconds,
            sum(proved_aku_seconds) AS proved_aku_seconds,
            sum(assumed_aku_seconds) AS assumed_aku_seconds,
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
COMMENT ON COLUMN analytics.daily_usage.proved_aku_hours IS 'Of these, proved by carry-over across a silence.';
COMMENT ON COLUMN analytics.daily_usage.assumed_aku_hours IS 'Of these, assumed.';
COMMENT ON COLUMN analytics.daily_usage.gap_hours IS 'Hours under gaps, added up over its instances.';
COMMENT ON COLUMN analytics.daily_usage.largest_instance_count IS 'Most instances with usage in one hour of the day.';
COMMENT ON COLUMN analytics.daily_usage.time_zone IS 'Zone of the day.';

-- Lines that are usage × price hour by hour are charged again here, with the same rounding. Every other line is spread
-- over its own time by the usage that its bill has there, or by time where the bill has none. Inside, everything of one
-- day is found at once: its lines, its hours, and what they have in common.
CREATE VIEW analytics.daily_cost AS
SELECT
    d.day,
    s.account_id AS customer,
    s.region,
    s.department,
    s.subscription_id,
    c.currency,
    sum(c.cost) AS cost,
    bool_and(c.is_exact) AS is_exact,
    bool_and(c.is_final) AS is_final,
    d.time_zone
FROM analytics.days AS d
CROSS JOIN
    LATERAL (
        SELECT
            l.subscription_key,
            l.currency,
            l.is_exact,
            l.is_final,
            CASE
                WHEN l.is_exact
                    THEN
                        coalesce(
                            sum(
                                CASE
                                    WHEN l.is_half_even AND (h.aku_seconds * l.scaled_price + l.addend) % l.divisor = 0
                                        THEN (h.aku_seconds * l.scaled_price + l.addend) / l.divisor / 2 * 2
                                    ELSE (h.aku_seconds * l.scaled_price + l.addend) / l.divisor
                                END
                            ) FILTER (WHERE l.is_exact) * l.last_place,
                            0
                        )
                WHEN l.window_aku_seconds > 0
                    THEN round(l.amount * coalesce(sum(h.aku_seconds), 0) / l.window_aku_seconds, 9)
                ELSE
                    round(
                        l.amount
                        * extract(EPOCH FROM least(l.line_end, d.day_end) - greatest(l.line_start, d.day_start))
                        / extract(EPOCH FROM l.line_end - l.line_start),
                        9
                    )
            END AS cost
        FROM (
            SELECT
                n.bill_key,
                n.line_no,
                n.line_start,
                n.line_end,
                n.amount,
                b.subscription_key,
                b.currency,
                b.state IN ('issued', 'settled') AS is_final,
                t.scaled_price,
                r.divisor,
                CASE v.rounding_mode WHEN 'down' THEN 0 WHEN 'up' THEN r.divisor - 1 ELSE r.divisor / 2 END AS addend,
                v.rounding_mode = 'half_even' AS is_half_even,
                CAST('1e-' || v.rounding_digits AS numeric) AS last_place,
                n.kind = 'usage'
                AND n.corrects_bill_key IS NULL
                AND v.charge_every = 'hour'
                AND v.model = 'per_unit'
                AND v.included_aku_seconds = 0 AS is_exact,
                CASE
                    WHEN n.kind <> 'licence'
                        THEN (
                            SELECT sum(used.aku_seconds)
                            FROM billing.bill_lines AS used
                            WHERE
                                used.bill_key = coalesce(n.corrects_bill_key, n.bill_key)
                                AND used.corrects_bill_key IS NULL
                                AND used.line_start >= n.line_start
                                AND used.line_end <= n.line_end
                        )
                END AS window_aku_seconds
            FROM billing.bill_lines AS n
            INNER JOIN billing.bills AS b ON n.bill_key = b.bill_key
            INNER JOIN billing.price_plans AS p ON b.price_plan = p.name
            LEFT JOIN billing.price_plan_versions AS v ON n.version_key = v.version_key
            LEFT JOIN billing.price_tiers AS t ON n.version_key = t.version_key AND n.tier = t.tier
            -- Rating's own whole-number arithmetic, see rate_create_tiers.
            LEFT JOIN LATERAL (
                SELECT CAST(CAST('3600e' || t.price_scale - v.rounding_digits AS numeric) AS bigint) AS divisor
            ) AS r ON TRUE
            WHERE
                n.line_start < d.day_end
                AND n.line_end > d.day_start
                AND n.amount <> 0
                AND b.state <> 'void'
                AND p.time_zone = d.time_zone
            -- Found once for each line, not for each of its hours.
            OFFSET 0
        ) AS l
        LEFT JOIN (
            SELECT
                subscription_key,
                hour_start,
                aku_seconds
            FROM metering.subscription_hours
            WHERE hour_start >= d.day_start AND hour_start < d.day_end
        ) AS h
            ON
                l.subscription_key = h.subscription_key
                AND l.line_start <= h.hour_start
                AND l.line_end > h.hour_start
        GROUP BY
            l.bill_key,
            l.line_no,
            l.subscription_key,
            l.currency,
            l.is_exact,
            l.is_final,
            l.window_aku_seconds,
            l.amount,
            l.line_start,
            l.line_end,
            l.last_place
    ) AS c
INNER JOIN core.subscriptions AS s ON c.subscription_key = s.subscription_key
GROUP BY d.day, d.time_zone, s.account_id, s.region, s.department, s.subscription_id, c.currency;

COMMENT ON VIEW analytics.daily_cost IS
'What a day cost, by subscription, of all bills, notes and drafts that are not void, before tax that is not '
'contained. Usage that is charged and rounded by the hour at one price is exact. Everything else is spread over the '
'days of its line: by usage (tiers, packages, charges by the period, discounts, minimum, fees, corrections), or by '
'time where there was no usage and for licences; the days then add up to the line but for the 9th place. Give a day, '
'or a range of days.';
COMMENT ON COLUMN analytics.daily_cost.day IS 'Calendar day of the price plan''s time zone.';
COMMENT ON COLUMN analytics.daily_cost.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.daily_cost.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.daily_cost.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.daily_cost.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.daily_cost.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN analytics.daily_cost.cost IS 'What the day cost.';
COMMENT ON COLUMN analytics.daily_cost.is_exact IS
'Whether all of it is charged by the hour at one price; else some of it is spread.';
COMMENT ON COLUMN analytics.daily_cost.is_final IS
'Whether all of it stands on issued documents; else some of it may change.';
COMMENT ON COLUMN analytics.daily_cost.time_zone IS 'Zone of the day.';
