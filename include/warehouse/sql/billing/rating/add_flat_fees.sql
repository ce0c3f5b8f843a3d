-- The flat fee of each tier that is reached, which happens once in a period, by the usage of a segment. The first tier
-- may be reached without usage, where the plan says so.
INSERT INTO rated_charges (
    subscription_key, segment_no, kind, tier, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH reached AS (
    SELECT
        *,
        CASE
            WHEN model = 'volume' THEN is_last AND aku_seconds IS NOT NULL AND (final_quantity > 0 OR flat_fee_at_zero)
            ELSE passes_start
        END AS is_reached
    FROM tier_usage
),

flat_fees AS (
    SELECT DISTINCT ON (subscription_key, tier)
        *,
        billing.round_amount(flat_fee, rounding_digits, rounding_mode) AS amount
    FROM reached
    WHERE is_reached OR (is_first AND tier = 1 AND flat_fee_at_zero AND model <> 'volume')
    ORDER BY subscription_key ASC, tier ASC, is_reached DESC, segment_no ASC
)

SELECT
    subscription_key,
    segment_no,
    'flat_fee' AS kind,
    tier,
    0 AS fee_no,
    0 AS aku_seconds,
    1 AS quantity,
    'period' AS unit,
    flat_fee AS unit_price,
    flat_fee AS exact_amount,
    amount
FROM flat_fees
WHERE amount <> 0
