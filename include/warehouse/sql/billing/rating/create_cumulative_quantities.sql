-- Where each part of a period starts and ends in the period's count, into rated_positions of this transaction: tiers,
-- packages and included usage count on across the parts. Parts of subscriptions that are neither live nor used are left
-- out.
CREATE TEMPORARY TABLE rated_positions ON COMMIT DROP AS
WITH sums AS (
    SELECT
        subscription_key,
        part_no,
        0 AS covered_aku_seconds,
        aku_seconds AS rest_aku_seconds,
        is_too_large
    FROM rated_sums
    UNION ALL
    SELECT
        subscription_key,
        part_no,
        sum(covered_aku_seconds) AS covered_aku_seconds,
        sum(rest_aku_seconds) AS rest_aku_seconds,
        bool_or(is_too_large) AS is_too_large
    FROM rated_counts
    GROUP BY subscription_key, part_no
),

counted AS (
    SELECT
        p.*,
        s.subscription_key IS NOT NULL AS is_used,
        coalesce(s.is_too_large, FALSE) AS is_too_large,
        coalesce(s.covered_aku_seconds, 0) AS covered_aku_seconds,
        coalesce(s.rest_aku_seconds, 0) AS rest_aku_seconds,
        coalesce(sum(s.rest_aku_seconds) OVER (PARTITION BY p.subscription_key ORDER BY p.part_no), 0) AS count_end,
        coalesce(sum(s.rest_aku_seconds) OVER period, 0) AS count_total,
        CAST(sum(p.active_seconds) OVER period AS bigint) AS active_seconds_of_period,
        count(s.subscription_key) OVER period > 0 AS period_is_used,
        min(p.part_no) FILTER (WHERE p.version_key IS NOT NULL) OVER period = p.part_no AS is_first,
        max(p.part_no) FILTER (WHERE p.version_key IS NOT NULL) OVER period = p.part_no AS is_last
    FROM billing.rating_parts AS p
    LEFT JOIN sums AS s ON p.subscription_key = s.subscription_key AND p.part_no = s.part_no
    WINDOW period AS (PARTITION BY p.subscription_key)
)

SELECT
    c.subscription_key,
    c.part_no,
    c.part_start,
    c.part_end,
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
    CAST(greatest(c.count_end - c.rest_aku_seconds - v.included_aku_seconds, 0) AS bigint) AS position_start,
    CAST(greatest(c.count_end - v.included_aku_seconds, 0) AS bigint) AS position_end,
    CAST(greatest(c.count_total - v.included_aku_seconds, 0) AS bigint) AS final_position,
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
