-- Takes each part's discount off its charges: one rounded amount, which is not a line if it is zero.
INSERT INTO rated_charges (
    subscription_key, part_no, kind, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH bases AS (
    SELECT
        c.subscription_key,
        c.part_no,
        p.discount_percent,
        p.rounding_digits,
        p.rounding_mode,
        -sum(c.amount) * p.discount_percent AS n
    FROM rated_charges AS c
    INNER JOIN rated_positions AS p ON c.subscription_key = p.subscription_key AND c.part_no = p.part_no
    WHERE p.discount_percent > 0
    GROUP BY c.subscription_key, c.part_no, p.discount_percent, p.rounding_digits, p.rounding_mode
),

discounts AS (
    SELECT
        *,
        billing.round_quotient(n, 100, 9, 'half_up') AS exact_amount,
        billing.round_quotient(n, 100, rounding_digits, rounding_mode) AS amount
    FROM bases
)

SELECT
    subscription_key,
    part_no,
    'discount' AS kind,
    0 AS fee_no,
    0 AS aku_seconds,
    1 AS quantity,
    'period' AS unit,
    trim_scale(exact_amount) AS unit_price,
    exact_amount,
    amount
FROM discounts
WHERE amount <> 0
