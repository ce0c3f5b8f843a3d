-- Usage of each segment, tier by tier, at the price of the tier. By the hour it is what the hours come to, each of them
-- rounded; by the period, what several segments have at one price is rounded once and shared.
INSERT INTO rated_charges (
    subscription_key, segment_no, kind, tier, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH hourly AS (
    SELECT
        subscription_key,
        segment_no,
        1 AS tier,
        hourly_amount
    FROM segment_totals
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        tier,
        hourly_amount
    FROM sequential_totals
    WHERE tier IS NOT NULL
),

usage AS (
    SELECT
        w.subscription_key,
        w.segment_no,
        CASE WHEN w.sells_licences THEN 'overage' ELSE 'usage' END AS kind,
        w.tier,
        w.aku_seconds,
        coalesce(w.package_count, round(CAST(w.aku_seconds AS numeric(32, 12)) / 3600, 6)) AS quantity,
        CASE w.model WHEN 'package' THEN 'package' ELSE 'AKU-hour' END AS unit,
        w.unit_price,
        w.rounding_digits,
        w.rounding_mode,
        coalesce(w.package_count, w.aku_seconds) * w.unit_price AS n,
        CASE w.model WHEN 'package' THEN 1 ELSE 3600 END AS divisor,
        CASE WHEN w.is_hourly THEN coalesce(h.hourly_amount, 0) * CAST('1e-' || w.rounding_digits AS numeric) END
            AS hourly_amount
    FROM tier_usage AS w
    LEFT JOIN hourly AS h
        ON
            w.subscription_key = h.subscription_key
            AND w.segment_no = h.segment_no
            AND w.tier = h.tier
    WHERE w.aku_seconds > 0
)

SELECT
    subscription_key,
    segment_no,
    kind,
    tier,
    0 AS fee_no,
    aku_seconds,
    quantity,
    unit,
    unit_price,
    billing.round_quotient(n, divisor, 9, 'half_up') AS exact_amount,
    coalesce(
        hourly_amount,
        billing.share_of(
            row_number() OVER same_price, array_agg(n) OVER same_price, divisor, rounding_digits, rounding_mode
        )
    ) AS amount
FROM usage
WINDOW same_price AS (
    -- What has its amounts by the hour already is nothing to share.
    PARTITION BY subscription_key, kind, tier, unit, unit_price, rounding_digits, rounding_mode, hourly_amount IS NULL
    ORDER BY segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
)
