-- The prices in force in the period, tier by tier with their version's rules, into rated_tiers of this transaction.
--
-- All amounts are whole numbers of the rounding's last place. With n = units × scaled_price (units are AKU-seconds or
-- packages) and the divisor that turns n into such numbers, every rounding mode is (n + addend) / divisor cut to a
-- whole number; half_even then steps back from the odd ones of the exact halves. Charges of usage are never negative.
CREATE TEMPORARY TABLE rated_tiers ON COMMIT DROP AS
WITH versions AS (
    SELECT
        v.*,
        coalesce(lead(v.effective_from) OVER (PARTITION BY v.plan_key ORDER BY v.effective_from), 'infinity')
            AS effective_until,
        CASE v.model WHEN 'package' THEN 1 ELSE 3600 END AS seconds_per_unit
    FROM billing.price_plan_versions AS v
),

tiers AS (
    SELECT
        v.*,
        t.tier,
        coalesce(lag(t.up_to_aku_seconds) OVER (PARTITION BY t.version_key ORDER BY t.tier), 0) AS from_aku_seconds,
        -- The last tier ends where BIGINT does.
        coalesce(t.up_to_aku_seconds, 9223372036854775807) AS up_to_aku_seconds,
        t.unit_price,
        t.flat_fee,
        t.scaled_price,
        v.seconds_per_unit * CAST('1e' || t.price_scale AS numeric) AS unit_divisor,
        CAST(v.seconds_per_unit * CAST('1e' || t.price_scale - v.rounding_digits AS numeric) AS bigint) AS divisor,
        -- Packages at a price without digits to round cost the same by the hour as by the period.
        v.charge_every = 'hour' AND NOT (v.model = 'package' AND t.price_scale = v.rounding_digits) AS is_hourly,
        count(*) OVER (PARTITION BY t.version_key) AS tier_count
    FROM versions AS v
    INNER JOIN billing.price_tiers AS t ON v.version_key = t.version_key
    WHERE
        v.effective_from < :period_end
        AND v.effective_until > :period_start
)

SELECT
    version_key,
    plan_key,
    effective_from,
    effective_until,
    model,
    rounding_digits,
    rounding_mode,
    rounding_mode = 'half_even' AS is_half_even,
    flat_fee_at_zero,
    discount_percent,
    included_aku_seconds,
    package_aku_seconds,
    licence_price_per_aku_month IS NOT NULL AS sells_licences,
    tier,
    tier_count,
    from_aku_seconds,
    up_to_aku_seconds,
    unit_price,
    flat_fee,
    scaled_price,
    unit_divisor,
    divisor,
    CASE rounding_mode WHEN 'down' THEN 0 WHEN 'up' THEN divisor - 1 ELSE divisor / 2 END AS addend,
    -- Up to this many units in an hour, n + addend stays below 2^63.
    (9223372036854775807 - divisor) / greatest(scaled_price, 1) AS most_units,
    is_hourly,
    -- What an hour costs depends on the hours before it.
    is_hourly AND (tier_count > 1 OR included_aku_seconds > 0 OR model = 'package') AS is_priced_hourly
FROM tiers
