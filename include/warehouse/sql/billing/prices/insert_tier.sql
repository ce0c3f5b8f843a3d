INSERT INTO billing.price_tiers (
    version_key, tier, up_to, up_to_aku_seconds, unit_price, flat_fee, price_scale, scaled_price
)
VALUES (:version_key, :tier, :up_to, :up_to_aku_seconds, :unit_price, :flat_fee, :price_scale, :scaled_price)
