-- The usage of each segment in each tier of its version, and whether it goes past the tier's start, into tier_usage of
-- this transaction.
CREATE TEMPORARY TABLE tier_usage ON COMMIT DROP AS
SELECT
    p.subscription_key,
    p.segment_no,
    p.is_first,
    p.is_last,
    t.tier,
    t.model,
    t.unit_price,
    t.flat_fee,
    t.flat_fee_at_zero,
    t.sells_licences,
    t.is_hourly,
    t.rounding_digits,
    t.rounding_mode,
    billing.usage_in_tier(
        t.model, p.cumulative_start, p.cumulative_end, p.final_quantity, t.from_aku_seconds, t.up_to_aku_seconds
    ) AS aku_seconds,
    billing.packages_between(p.cumulative_start, p.cumulative_end, t.package_aku_seconds) AS package_count,
    p.cumulative_end > p.cumulative_start AND p.cumulative_end > t.from_aku_seconds AS passes_start,
    p.final_quantity
FROM cumulative_quantities AS p
INNER JOIN rated_tiers AS t ON p.version_key = t.version_key
