-- The tiers of the versions in force, with their bounds in the count of a period.
SELECT
    version_key,
    tier,
    tier_count,
    from_aku_seconds,
    up_to_aku_seconds,
    unit_price,
    flat_fee
FROM rated_tiers
WHERE version_key = any(:version_keys)
ORDER BY version_key, tier
