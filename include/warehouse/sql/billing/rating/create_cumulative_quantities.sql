-- The cumulative quantity at the start and the end of each segment, into cumulative_quantities of this transaction:
-- tiers, packages and included usage count on across segments. Segments of subscriptions that are neither live nor used
-- are left out.
CREATE TEMPORARY TABLE cumulative_quantities ON COMMIT DROP AS
WITH sums AS (
    SELECT
        subscription_key,
        segment_no,
        0 AS covered_aku_seconds,
        aku_seconds AS rest_aku_seconds,
        0 AS covered_metered_aku_seconds,
        aku_seconds AS rest_metered_aku_seconds,
        is_too_large
    FROM segment_totals
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        sum(covered_aku_seconds) AS covered_aku_seconds,
        sum(rest_aku_seconds) AS rest_aku_seconds,
        sum(covered_metered_aku_seconds) AS covered_metered_aku_seconds,
        sum(rest_metered_aku_seconds) AS rest_metered_aku_seconds,
        bool_or(is_too_large) AS is_too_large
    FROM sequential_totals
    GROUP BY subscription_key, segment_no
),

counted AS (
    SELECT
        p.*,
        s.subscription_key IS NOT NULL AS is_used,
        coalesce(s.is_too_large, FALSE) AS is_too_large,
        coalesce(s.covered_aku_seconds, 0) AS covered_aku_seconds,
        coalesce(s.rest_aku_seconds, 0) AS rest_aku_seconds,
        coalesce(s.covered_metered_aku_seconds, 0) AS covered_metered_aku_seconds,
        coalesce(s.rest_metered_aku_seconds, 0) AS rest_metered_aku_seconds,
        coalesce(
            sum(s.rest_aku_seconds) OVER (PARTITION BY p.subscription_key ORDER BY p.segment_no), 0
        ) AS cumulative_end,
        coalesce(sum(s.rest_aku_seconds) OVER period, 0) AS cumulative_total,
        CAST(sum(p.active_seconds) OVER period AS bigint) AS active_seconds_of_period,
        coalesce(sum(s.covered_aku_seconds + s.rest_aku_seconds) OVER period, 0) > 0 AS period_is_used,
        min(p.segment_no) FILTER (WHERE p.version_key IS NOT NULL) OVER period = p.segment_no AS is_first,
        max(p.segment_no) FILTER (WHERE p.version_key IS NOT NULL) OVER period = p.segment_no AS is_last
    FROM billing.rating_segments AS p
    LEFT JOIN sums AS s ON p.subscription_key = s.subscription_key AND p.segment_no = s.segment_no
    WINDOW period AS (PARTITION BY p.subscription_key)
)

SELECT
    c.subscription_key,
    c.segment_no,
    c.segment_start,
    c.segment_end,
    c.is_first,
    c.is_last,
    c.version_key,
    c.discount_percent,
    c.active_seconds,
    c.active_seconds_of_period,
    c.is_used,
    c.is_too_large,
    CAST(c.covered_aku_seconds AS bigint) AS covered_aku_seconds,
    CAST(c.rest_aku_seconds AS bigint) AS rest_aku_seconds,
    CAST(c.covered_metered_aku_seconds AS bigint) AS covered_metered_aku_seconds,
    CAST(c.rest_metered_aku_seconds AS bigint) AS rest_metered_aku_seconds,
    CAST(greatest(c.cumulative_end - c.rest_aku_seconds - v.included_aku_seconds, 0) AS bigint) AS cumulative_start,
    CAST(greatest(c.cumulative_end - v.included_aku_seconds, 0) AS bigint) AS cumulative_end,
    CAST(greatest(c.cumulative_total - v.included_aku_seconds, 0) AS bigint) AS final_quantity,
    v.rounding_digits,
    v.rounding_mode,
    v.maximum_charge,
    v.minimum_charge,
    v.is_prorated,
    v.tax_rate,
    v.tax_is_inclusive
FROM counted AS c
INNER JOIN billable_subscriptions AS b ON c.subscription_key = b.subscription_key
LEFT JOIN billing.price_plan_versions AS v ON c.version_key = v.version_key
WHERE b.is_live OR c.period_is_used
