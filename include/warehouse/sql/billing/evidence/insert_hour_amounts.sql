-- What each hour of the subscriptions in billing.rating_segments costs before tax, less the discount, without fees and
-- without what is the month's (minimum, maximum); and what it would cost by another hour measure, or without licence.
-- That is known where the price of an hour does not depend on the hours before it, and null where it is the same. A
-- subscription with usage that has no price is left out.
INSERT INTO our_hours (
    subscription_key, hour_start, amount, currency, peak_amount, started_hour_amount, uncovered_amount
)
WITH charged AS MATERIALIZED (
    SELECT *
    FROM billing.charged_hours(:period_start, :period_end, FALSE, TRUE, :subscriptions)
),

unpriced AS (
    SELECT DISTINCT c.subscription_key
    FROM charged AS c
    INNER JOIN billing.rating_segments AS p
        ON c.subscription_key = p.subscription_key AND c.segment_no = p.segment_no
    WHERE p.version_key IS NULL AND c.rest_aku_seconds > 0
),

tiers AS (
    SELECT
        p.subscription_key,
        p.segment_no,
        p.segment_start,
        p.segment_end,
        t.*,
        t.tier_count = 1 AND t.included_aku_seconds = 0 AND t.package_aku_seconds IS NULL AS is_independent,
        CAST('1e-' || t.rounding_digits AS numeric) AS last_place,
        (1 - p.discount_percent / 100) / CASE WHEN v.tax_is_inclusive THEN 1 + v.tax_rate ELSE 1 END AS share
    FROM billing.rating_segments AS p
    INNER JOIN rated_tiers AS t ON p.version_key = t.version_key
    INNER JOIN billing.price_plan_versions AS v ON p.version_key = v.version_key
),

priced AS (
    SELECT
        c.subscription_key,
        c.hour_start,
        coalesce(
            sum(
                billing.hour_amount(
                    c.units, t.charge_every, t.scaled_price, t.unit_divisor, t.divisor, t.addend, t.is_half_even,
                    t.most_units, t.last_place, t.share
                )
            ),
            0
        ) AS amount
    FROM charged AS c
    LEFT JOIN tiers AS t
        ON c.subscription_key = t.subscription_key AND c.segment_no = t.segment_no AND c.tier = t.tier
    GROUP BY c.subscription_key, c.hour_start
),

measured AS (
    SELECT
        h.subscription_key,
        h.hour_start,
        u.measure,
        billing.hour_amount(
            u.aku_seconds, t.charge_every, t.scaled_price, t.unit_divisor, t.divisor, t.addend, t.is_half_even,
            t.most_units, t.last_place, t.share
        ) AS amount
    FROM billing.hours_to_rate(:period_start, :period_end, FALSE, :subscriptions) AS h
    INNER JOIN tiers AS t
        ON
            h.subscription_key = t.subscription_key
            AND h.hour_start >= t.segment_start
            AND h.hour_start < t.segment_end
            AND t.is_independent
    LEFT JOIN billing.licence_covers(:period_start, :period_end) AS l
        ON
            h.subscription_key = l.subscription_key
            AND h.hour_start >= l.first_hour
            AND h.hour_start < l.until_hour
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce(l.aku_seconds, 0) AS covered,
                billing.charged_aku_seconds(
                    t.hour_measure, h.aku_seconds, h.peak_aku, h.whole_hour_aku_seconds
                ) AS charged
        ) AS own
    CROSS JOIN
        LATERAL (
            VALUES
            ('peak', greatest(h.peak_aku * 3600 - own.covered, 0)),
            ('started_hour', greatest(h.whole_hour_aku_seconds - own.covered, 0)),
            ('uncovered', own.charged)
        ) AS u (measure, aku_seconds)
    -- What is charged anyway is not priced again.
    WHERE u.aku_seconds <> greatest(own.charged - own.covered, 0)
),

measures AS (
    SELECT
        subscription_key,
        hour_start,
        max(amount) FILTER (WHERE measure = 'peak') AS peak_amount,
        max(amount) FILTER (WHERE measure = 'started_hour') AS started_hour_amount,
        max(amount) FILTER (WHERE measure = 'uncovered') AS uncovered_amount
    FROM measured
    GROUP BY subscription_key, hour_start
)

SELECT
    p.subscription_key,
    p.hour_start,
    p.amount,
    b.currency,
    m.peak_amount,
    m.started_hour_amount,
    m.uncovered_amount
FROM priced AS p
INNER JOIN billable_subscriptions AS b ON p.subscription_key = b.subscription_key
LEFT JOIN measures AS m ON p.subscription_key = m.subscription_key AND p.hour_start = m.hour_start
WHERE p.subscription_key NOT IN (SELECT u.subscription_key FROM unpriced AS u)
