-- Which part of the usage between two cumulative quantities a tier charges. Where the plan charges by volume, all usage
-- is charged by the tier that the final quantity of the period lies in, of none by the first.
CREATE FUNCTION billing.usage_in_tier(
    model text,
    cumulative_start bigint,
    cumulative_end bigint,
    final_quantity bigint,
    from_aku_seconds bigint,
    up_to_aku_seconds bigint
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN model <> 'volume'
        THEN greatest(least(cumulative_end, up_to_aku_seconds) - greatest(cumulative_start, from_aku_seconds), 0)
    WHEN greatest(final_quantity, 1) > from_aku_seconds AND final_quantity <= up_to_aku_seconds
        THEN cumulative_end - cumulative_start
END;
COMMENT ON FUNCTION billing.usage_in_tier IS
'AKU-seconds between two cumulative quantities that a tier charges; null for a tier that volume does not lie in.';

CREATE FUNCTION billing.packages_between(cumulative_start bigint, cumulative_end bigint, package_aku_seconds bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
(cumulative_end + package_aku_seconds - 1) / package_aku_seconds
- (cumulative_start + package_aku_seconds - 1) / package_aku_seconds;
COMMENT ON FUNCTION billing.packages_between IS
'Packages begun by cumulative_end, less those begun by cumulative_start; null without a package size.';
