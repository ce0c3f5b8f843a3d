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
                                -- Of any size: rating refused what is too large.
                                billing.rounded_charge(
                                    billing.charged_aku_seconds(
                                        l.hour_measure, h.aku_seconds, h.peak_aku, h.whole_hour_aku_seconds
                                    ),
                                    l.scaled_price,
                                    l.divisor,
                                    l.addend,
                                    l.is_half_even,
                                    9223372036854775807
                                )
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
                billing.is_issued(b.state) AS is_final,
                t.scaled_price,
                r.divisor,
                CASE v.rounding_mode WHEN 'down' THEN 0 WHEN 'up' THEN r.divisor - 1 ELSE r.divisor / 2 END AS addend,
                v.rounding_mode = 'half_even' AS is_half_even,
                v.hour_measure,
                CAST('1e-' || v.rounding_digits AS numeric) AS last_place,
                n.kind = 'usage'
                AND n.corrects_bill_key IS NULL
                AND v.charge_every = 'hour'
                AND v.model = 'per_unit'
                AND v.included_aku_seconds = 0 AS is_exact,
                CASE
                    WHEN n.kind <> 'licence'
                        THEN (
                            SELECT sum(used.metered_aku_seconds)
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
            -- Rating's own whole-number arithmetic, see billing.version_tiers.
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
                aku_seconds,
                peak_aku,
                whole_hour_aku_seconds
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
'Whether all of it is on issued documents; if not, some of it may change.';
COMMENT ON COLUMN analytics.daily_cost.time_zone IS 'Zone of the day.';
