INSERT INTO billing.price_plan_versions (
    plan_key, effective_from, charge_every, rounding_digits, rounding_mode, model, licence_price_per_aku_month, source
)
VALUES (
    :plan_key, :effective_from, :charge_every, :rounding_digits, :rounding_mode, :model, :licence_price_per_aku_month,
    CAST(:source AS jsonb)
)
RETURNING version_key
