-- The tiers of each price plan version with the rules of the version, as rating computes with them.
--
-- All amounts are whole numbers of the rounding's last place. With n = units × scaled_price (units are AKU-seconds or
-- packages) and the divisor that turns n into such numbers, every rounding mode is (n + addend) / divisor cut to a
-- whole number; half_even then steps back from the odd ones of the exact halves (billing.rounded_charge). Charges of
-- usage are never negative.
CREATE VIEW billing.version_tiers AS
WITH tiers AS (
    SELECT
        v.*,
        s.effective_until,
        t.tier,
        coalesce(lag(t.up_to_aku_seconds) OVER (PARTITION BY t.version_key ORDER BY t.tier), 0) AS from_aku_seconds,
        coalesce(t.up_to_aku_seconds, 9223372036854775807) AS up_to_aku_seconds,
        t.unit_price,
        t.flat_fee,
        t.scaled_price,
        u.seconds * CAST('1e' || t.price_scale AS numeric) AS unit_divisor,
        CAST(u.seconds * CAST('1e' || t.price_scale - v.rounding_digits AS numeric) AS bigint) AS divisor,
        -- Packages at a price without digits to round cost the same by the hour as by the period.
        v.charge_every = 'hour' AND NOT (v.model = 'package' AND t.price_scale = v.rounding_digits) AS is_hourly,
        count(*) OVER (PARTITION BY t.version_key) AS tier_count
    FROM billing.price_plan_versions AS v
    INNER JOIN billing.version_spans AS s ON v.version_key = s.version_key
    INNER JOIN billing.price_tiers AS t ON v.version_key = t.version_key
    CROSS JOIN LATERAL (SELECT CASE v.model WHEN 'package' THEN 1 ELSE 3600 END AS seconds) AS u
)

SELECT
    version_key,
    plan_key,
    effective_from,
    effective_until,
    hour_measure,
    charge_every,
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
    (9223372036854775807 - divisor) / greatest(scaled_price, 1) AS most_units,
    is_hourly,
    is_hourly AND (tier_count > 1 OR included_aku_seconds > 0 OR model = 'package') AS is_priced_hourly
FROM tiers;

COMMENT ON VIEW billing.version_tiers IS 'Tiers of price plan versions with the rules of the version.';
COMMENT ON COLUMN billing.version_tiers.version_key IS 'Price plan version.';
COMMENT ON COLUMN billing.version_tiers.plan_key IS 'Price plan.';
COMMENT ON COLUMN billing.version_tiers.effective_from IS 'From when the version is in force.';
COMMENT ON COLUMN billing.version_tiers.effective_until IS 'Until when it is in force (exclusive).';
COMMENT ON COLUMN billing.version_tiers.hour_measure IS 'time_weighted, peak or started_hour.';
COMMENT ON COLUMN billing.version_tiers.charge_every IS 'hour or period.';
COMMENT ON COLUMN billing.version_tiers.model IS 'per_unit, graduated, volume or package.';
COMMENT ON COLUMN billing.version_tiers.rounding_digits IS 'Places after the point of a rounded amount.';
COMMENT ON COLUMN billing.version_tiers.rounding_mode IS 'down, up, half_up or half_even.';
COMMENT ON COLUMN billing.version_tiers.is_half_even IS 'Whether exact halves go to the even neighbour.';
COMMENT ON COLUMN billing.version_tiers.flat_fee_at_zero IS 'Whether the first tier''s flat fee is due without usage.';
COMMENT ON COLUMN billing.version_tiers.discount_percent IS 'Discount of the version.';
COMMENT ON COLUMN billing.version_tiers.included_aku_seconds IS 'Usage that is free in each period.';
COMMENT ON COLUMN billing.version_tiers.package_aku_seconds IS 'Size of a package; null without packages.';
COMMENT ON COLUMN billing.version_tiers.sells_licences IS 'Whether the version sells prepaid licences.';
COMMENT ON COLUMN billing.version_tiers.tier IS 'Number of the tier, from 1.';
COMMENT ON COLUMN billing.version_tiers.tier_count IS 'How many tiers the version has.';
COMMENT ON COLUMN billing.version_tiers.from_aku_seconds IS 'Cumulative quantity above which it begins.';
COMMENT ON COLUMN billing.version_tiers.up_to_aku_seconds IS 'Where it ends; the last one where BIGINT does.';
COMMENT ON COLUMN billing.version_tiers.unit_price IS 'Price of an AKU-hour, or of a package.';
COMMENT ON COLUMN billing.version_tiers.flat_fee IS 'Fee of the tier, once in a period.';
COMMENT ON COLUMN billing.version_tiers.scaled_price IS 'The price as a whole number, of AKU-seconds or packages.';
COMMENT ON COLUMN billing.version_tiers.unit_divisor IS 'What units × scaled_price is divided by to have an amount.';
COMMENT ON COLUMN billing.version_tiers.divisor IS 'What it is divided by to have whole last places of an amount.';
COMMENT ON COLUMN billing.version_tiers.addend IS 'What is added before that division, so that it rounds.';
COMMENT ON COLUMN billing.version_tiers.most_units
IS 'Units in an hour up to which that arithmetic stays within BIGINT.';
COMMENT ON COLUMN billing.version_tiers.is_hourly IS 'Whether each hour is rounded by itself.';
COMMENT ON COLUMN billing.version_tiers.is_priced_hourly
IS 'Whether what an hour costs depends on the hours before it.';
