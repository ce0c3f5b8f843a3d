INSERT INTO billing.price_plan_versions (
    plan_key, effective_from, hour_measure, charge_every, rounding_digits, rounding_mode, model, flat_fee_at_zero,
    package_aku_seconds, included_aku_seconds, minimum_charge, maximum_charge, is_prorated, discount_percent, tax_rate,
    tax_is_inclusive, licence_price_per_aku_month, overage_price, source
)
VALUES (
    :plan_key, :effective_from, :hour_measure, :charge_every, :rounding_digits, :rounding_mode, :model,
    :flat_fee_at_zero, :package_aku_seconds, :included_aku_seconds, :minimum_charge, :maximum_charge, :is_prorated,
    :discount_percent, :tax_rate, :tax_is_inclusive, :licence_price_per_aku_month, :overage_price,
    CAST(:source AS jsonb)
)
RETURNING version_key
