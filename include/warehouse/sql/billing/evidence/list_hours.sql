-- The hours of the subscription whose segments are in billing.rating_segments, each taken apart as it is priced: what
-- licences cover, what is included (in no tier), and what lies in which tier, from where to where in the period's
-- count. An hour has an amount of its own where the plan charges by the hour.
WITH charged AS MATERIALIZED (
    SELECT *
    FROM billing.charged_hours(:period_start, :period_end, FALSE, TRUE, :subscriptions)
),

included AS (
    SELECT
        hour_start,
        max(segment_no) FILTER (WHERE rest_aku_seconds IS NOT NULL) AS segment_no,
        coalesce(sum(rest_aku_seconds), 0) - coalesce(sum(aku_seconds), 0) AS aku_seconds,
        coalesce(min(cumulative_start), 0) AS cumulative_start,
        coalesce(max(cumulative_end), 0) AS cumulative_end
    FROM charged
    GROUP BY hour_start
)

SELECT
    hour_start,
    segment_no,
    'covered' AS kind,
    CAST(NULL AS integer) AS tier,
    covered_aku_seconds AS aku_seconds,
    CAST(NULL AS bigint) AS cumulative_start,
    CAST(NULL AS bigint) AS cumulative_end,
    CAST(0 AS numeric) AS exact_amount,
    CAST(NULL AS numeric) AS amount
FROM charged
WHERE covered_aku_seconds > 0
UNION ALL
SELECT
    hour_start,
    segment_no,
    'included' AS kind,
    NULL AS tier,
    CAST(aku_seconds AS bigint) AS aku_seconds,
    cumulative_start,
    cumulative_end,
    0 AS exact_amount,
    NULL AS amount
FROM included
WHERE aku_seconds > 0
UNION ALL
SELECT
    c.hour_start,
    c.segment_no,
    CASE WHEN t.sells_licences THEN 'overage' ELSE 'usage' END AS kind,
    c.tier,
    c.aku_seconds,
    c.cumulative_start,
    c.cumulative_end,
    billing.round_quotient(CAST(c.units AS numeric) * t.scaled_price, t.unit_divisor, 9, 'half_up') AS exact_amount,
    CASE WHEN t.charge_every = 'hour' THEN c.charge * CAST('1e-' || t.rounding_digits AS numeric) END AS amount
FROM charged AS c
INNER JOIN billing.rating_segments AS p ON c.segment_no = p.segment_no
INNER JOIN rated_tiers AS t ON p.version_key = t.version_key AND c.tier = t.tier
ORDER BY hour_start, kind, tier
