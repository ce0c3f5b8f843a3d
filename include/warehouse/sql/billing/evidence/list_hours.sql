-- The hours of the subscription that was just rated, each split as its part prices it: what licences cover, what is
-- included, and what lies in which tier, from where to where in the period's count. An hour has an amount of its own
-- where the plan charges by the hour. This goes hour by hour in fractions, whatever short cuts rating takes for many
-- subscriptions; whether the two agree is said.
WITH segments AS (
    SELECT
        p.*,
        coalesce(v.included_aku_seconds, 0) AS included_aku_seconds
    FROM cumulative_quantities AS p
    LEFT JOIN billing.price_plan_versions AS v ON p.version_key = v.version_key
    WHERE p.subscription_key = :subscription_key
),

-- One look at an index for each hour, however many subscriptions have that hour.
spanned AS (
    SELECT hour_start
    FROM
        generate_series(
            date_trunc('hour', CAST(:period_start AS timestamptz), 'UTC'),
            CAST(:period_end AS timestamptz) - interval '1 second',
            interval '1 hour'
        ) AS hours (hour_start)
    WHERE hour_start >= :period_start
),

hours AS (
    SELECT
        h.hour_start,
        h.aku_seconds
    FROM spanned AS s
    INNER JOIN metering.subscription_hours AS h
        ON s.hour_start = h.hour_start AND h.subscription_key = :subscription_key
    WHERE h.hour_start >= :period_start AND h.hour_start < :period_end
),

terms AS (
    SELECT
        l.term_start,
        l.term_end,
        l.capacity_aku,
        NOT EXISTS (
            SELECT FROM core.licences AS successor
            WHERE
                successor.subscription_key = l.subscription_key
                AND successor.term_start <= l.term_end
                AND successor.term_end > l.term_end
        ) AS is_last
    FROM core.licences AS l
    WHERE
        l.subscription_key = :subscription_key
        AND l.term_start < :period_end
        AND l.term_end > :period_start
),

covers AS (
    SELECT
        s.hour_start,
        sum(
            t.capacity_aku * (
                floor(extract(EPOCH FROM least(t.term_end, s.hour_start + interval '1 hour')))
                - floor(extract(EPOCH FROM greatest(t.term_start, s.hour_start)))
            )
        ) AS aku_seconds,
        max(t.term_end) FILTER (WHERE t.is_last AND t.term_end < s.hour_start + interval '1 hour') AS ended_at
    FROM spanned AS s
    INNER JOIN terms AS t ON s.hour_start < t.term_end AND s.hour_start + interval '1 hour' > t.term_start
    GROUP BY s.hour_start
),

placed AS (
    SELECT
        h.hour_start,
        h.aku_seconds,
        least(h.aku_seconds, coalesce(c.aku_seconds, 0)) AS covered_aku_seconds,
        h.aku_seconds - least(h.aku_seconds, coalesce(c.aku_seconds, 0)) AS rest_aku_seconds,
        p.segment_no,
        coalesce(later.segment_no, p.segment_no) AS rest_segment_no
    FROM hours AS h
    INNER JOIN segments AS p ON h.hour_start >= p.segment_start AND h.hour_start < p.segment_end
    LEFT JOIN covers AS c ON h.hour_start = c.hour_start
    LEFT JOIN segments AS later ON c.ended_at >= later.segment_start AND c.ended_at < later.segment_end
),

counted AS (
    SELECT
        *,
        sum(rest_aku_seconds) OVER (ORDER BY hour_start) AS cumulative_end
    FROM placed
),

positions AS (
    SELECT
        c.hour_start,
        c.rest_aku_seconds,
        p.segment_no,
        p.version_key,
        p.final_quantity,
        p.rounding_digits,
        p.rounding_mode,
        greatest(c.cumulative_end - c.rest_aku_seconds - p.included_aku_seconds, 0) AS cumulative_start,
        greatest(c.cumulative_end - p.included_aku_seconds, 0) AS cumulative_end
    FROM counted AS c
    INNER JOIN segments AS p ON c.rest_segment_no = p.segment_no
),

priced AS (
    SELECT
        p.hour_start,
        p.segment_no,
        CASE WHEN t.sells_licences THEN 'overage' ELSE 'usage' END AS kind,
        t.tier,
        CASE t.model
            WHEN 'volume' THEN p.cumulative_end - p.cumulative_start
            ELSE least(p.cumulative_end, t.up_to_aku_seconds) - greatest(p.cumulative_start, t.from_aku_seconds)
        END AS aku_seconds,
        p.cumulative_start,
        p.cumulative_end,
        CASE
            WHEN t.model = 'package'
                THEN ceil(p.cumulative_end / t.package_aku_seconds) - ceil(p.cumulative_start / t.package_aku_seconds)
        END AS package_count,
        t.scaled_price,
        t.unit_divisor,
        t.charge_every,
        p.rounding_digits,
        p.rounding_mode
    FROM positions AS p
    INNER JOIN (
        SELECT
            r.*,
            v.charge_every
        FROM rated_tiers AS r
        INNER JOIN billing.price_plan_versions AS v ON r.version_key = v.version_key
    ) AS t
        ON
            p.version_key = t.version_key
            AND p.cumulative_end > p.cumulative_start
            AND CASE t.model
                WHEN 'volume'
                    THEN p.final_quantity > t.from_aku_seconds AND p.final_quantity <= t.up_to_aku_seconds
                ELSE p.cumulative_end > t.from_aku_seconds AND p.cumulative_start < t.up_to_aku_seconds
            END
)

SELECT
    hour_start,
    segment_no,
    'covered' AS kind,
    CAST(NULL AS integer) AS tier,
    CAST(covered_aku_seconds AS bigint) AS aku_seconds,
    CAST(NULL AS bigint) AS cumulative_start,
    CAST(NULL AS bigint) AS cumulative_end,
    CAST(0 AS numeric) AS exact_amount,
    CAST(NULL AS numeric) AS amount
FROM placed
WHERE covered_aku_seconds > 0
UNION ALL
SELECT
    hour_start,
    segment_no,
    'included' AS kind,
    NULL AS tier,
    CAST(rest_aku_seconds - (cumulative_end - cumulative_start) AS bigint) AS aku_seconds,
    CAST(cumulative_start AS bigint) AS cumulative_start,
    CAST(cumulative_end AS bigint) AS cumulative_end,
    0 AS exact_amount,
    NULL AS amount
FROM positions
WHERE rest_aku_seconds > cumulative_end - cumulative_start
UNION ALL
SELECT
    hour_start,
    segment_no,
    kind,
    tier,
    CAST(aku_seconds AS bigint) AS aku_seconds,
    CAST(cumulative_start AS bigint) AS cumulative_start,
    CAST(cumulative_end AS bigint) AS cumulative_end,
    billing.round_quotient(coalesce(package_count, aku_seconds) * scaled_price, unit_divisor, 9, 'half_up')
        AS exact_amount,
    CASE
        WHEN charge_every = 'hour'
            THEN
                billing.round_quotient(
                    coalesce(package_count, aku_seconds) * scaled_price, unit_divisor, rounding_digits, rounding_mode
                )
    END AS amount
FROM priced
ORDER BY hour_start, kind, tier
