-- What each segment costs before discounts and limits, into rated_charges of this transaction: usage tier by tier, free
-- usage at zero, flat fees of the tiers that were reached, and fees. What several segments have of one amount is
-- rounded once and shared: usage that is charged by the period, of a tier at one price, and a fee.
CREATE TEMPORARY TABLE rated_charges ON COMMIT DROP AS
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

-- The tiers of each segment, with the way that its usage goes through each.
ways AS (
    SELECT
        p.subscription_key,
        p.segment_no,
        p.is_first,
        p.is_last,
        t.*,
        CASE
            WHEN t.model <> 'volume'
                THEN
                    greatest(
                        least(p.cumulative_end, t.up_to_aku_seconds)
                        - greatest(p.cumulative_start, t.from_aku_seconds),
                        0
                    )
            -- All usage is charged by the tier that the period's last position lies in.
            WHEN greatest(p.final_quantity, 1) > t.from_aku_seconds AND p.final_quantity <= t.up_to_aku_seconds
                THEN p.cumulative_end - p.cumulative_start
        END AS aku_seconds,
        (p.cumulative_end + t.package_aku_seconds - 1) / t.package_aku_seconds
        - (p.cumulative_start + t.package_aku_seconds - 1) / t.package_aku_seconds AS package_count,
        p.cumulative_end > p.cumulative_start AND p.cumulative_end > t.from_aku_seconds AS passes_start,
        p.final_quantity
    FROM cumulative_quantities AS p
    INNER JOIN rated_tiers AS t ON p.version_key = t.version_key
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
    FROM ways AS w
    LEFT JOIN hourly AS h
        ON
            w.subscription_key = h.subscription_key
            AND w.segment_no = h.segment_no
            AND w.tier = h.tier
    WHERE w.aku_seconds > 0
),

-- A tier is reached once in a period, by the usage of a segment. The first one may be reached without usage, where the
-- plan says so.
reached AS (
    SELECT
        *,
        CASE
            WHEN model = 'volume' THEN is_last AND aku_seconds IS NOT NULL AND (final_quantity > 0 OR flat_fee_at_zero)
            ELSE passes_start
        END AS is_reached
    FROM ways
),

flat_fees AS (
    SELECT DISTINCT ON (subscription_key, tier) *
    FROM reached
    WHERE is_reached OR (is_first AND tier = 1 AND flat_fee_at_zero AND model <> 'volume')
    ORDER BY subscription_key ASC, tier ASC, is_reached DESC, segment_no ASC
),

-- Each fee by its share of the period: of all its seconds, or of those in which the subscription was active. Both
-- over one divisor, so that shares add up.
fees AS (
    SELECT
        p.subscription_key,
        p.segment_no,
        f.fee_no,
        f.name,
        f.amount AS fee,
        p.active_seconds,
        CASE WHEN f.is_prorated THEN s.seconds ELSE p.active_seconds_of_period END AS seconds,
        f.amount * p.active_seconds * CASE WHEN f.is_prorated THEN p.active_seconds_of_period ELSE s.seconds END AS n,
        CAST(s.seconds AS numeric) * p.active_seconds_of_period AS divisor,
        p.rounding_digits,
        p.rounding_mode
    FROM cumulative_quantities AS p
    INNER JOIN billing.price_fees AS f ON p.version_key = f.version_key
    CROSS JOIN (
        SELECT
            CAST(floor(extract(EPOCH FROM CAST(:period_end AS timestamptz))) AS bigint)
            - CAST(floor(extract(EPOCH FROM CAST(:period_start AS timestamptz))) AS bigint) AS seconds
    ) AS s
    WHERE p.active_seconds > 0
),

-- What has its amounts by the hour already is nothing to share.
shared_usage AS (
    SELECT
        *,
        coalesce(
            hourly_amount,
            billing.share_of(
                row_number() OVER same_price, array_agg(n) OVER same_price, divisor, rounding_digits, rounding_mode
            )
        ) AS amount
    FROM usage
    WINDOW same_price AS (
        PARTITION BY
            subscription_key, kind, tier, unit, unit_price, rounding_digits, rounding_mode, hourly_amount IS NULL
        ORDER BY segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),

shared_fees AS (
    SELECT
        *,
        billing.share_of(
            row_number() OVER same_fee,
            array_agg(n) OVER same_fee,
            divisor,
            last_value(rounding_digits) OVER same_fee,
            last_value(rounding_mode) OVER same_fee
        ) AS amount
    FROM fees
    WINDOW same_fee AS (
        PARTITION BY subscription_key, name
        ORDER BY segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),

charges AS (
    SELECT
        subscription_key,
        segment_no,
        'covered' AS kind,
        CAST(NULL AS integer) AS tier,
        CAST(NULL AS text) AS name,
        0 AS fee_no,
        covered_aku_seconds AS aku_seconds,
        round(CAST(covered_aku_seconds AS numeric(32, 12)) / 3600, 6) AS quantity,
        'AKU-hour' AS unit,
        CAST(0 AS numeric) AS unit_price,
        CAST(0 AS numeric) AS exact_amount,
        CAST('0e-' || rounding_digits AS numeric) AS amount
    FROM cumulative_quantities
    WHERE covered_aku_seconds > 0
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        'included' AS kind,
        NULL AS tier,
        NULL AS name,
        0 AS fee_no,
        rest_aku_seconds - (cumulative_end - cumulative_start) AS aku_seconds,
        round(CAST(rest_aku_seconds - (cumulative_end - cumulative_start) AS numeric(32, 12)) / 3600, 6) AS quantity,
        'AKU-hour' AS unit,
        0 AS unit_price,
        0 AS exact_amount,
        CAST('0e-' || rounding_digits AS numeric) AS amount
    FROM cumulative_quantities
    WHERE rest_aku_seconds > cumulative_end - cumulative_start
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        kind,
        tier,
        NULL AS name,
        0 AS fee_no,
        aku_seconds,
        quantity,
        unit,
        unit_price,
        billing.round_quotient(n, divisor, 9, 'half_up') AS exact_amount,
        amount
    FROM shared_usage
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        'flat_fee' AS kind,
        tier,
        NULL AS name,
        0 AS fee_no,
        0 AS aku_seconds,
        1 AS quantity,
        'period' AS unit,
        flat_fee AS unit_price,
        flat_fee AS exact_amount,
        billing.round_amount(flat_fee, rounding_digits, rounding_mode) AS amount
    FROM flat_fees
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        'fee' AS kind,
        NULL AS tier,
        name,
        fee_no,
        0 AS aku_seconds,
        billing.round_quotient(active_seconds, seconds, 6, 'half_up') AS quantity,
        'period' AS unit,
        fee AS unit_price,
        billing.round_quotient(n, divisor, 9, 'half_up') AS exact_amount,
        amount
    FROM shared_fees
)

SELECT *
FROM charges
WHERE aku_seconds > 0 OR amount <> 0
