-- Takes each segment's discount off its charges. Segments with the same percent share one amount, rounded as the last
-- of them says; a share of zero is not a line.
INSERT INTO rated_charges (
    subscription_key, segment_no, kind, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH bases AS (
    SELECT
        c.subscription_key,
        c.segment_no,
        p.discount_percent,
        p.rounding_digits,
        p.rounding_mode,
        -sum(c.amount) * p.discount_percent AS n
    FROM rated_charges AS c
    INNER JOIN cumulative_quantities AS p ON c.subscription_key = p.subscription_key AND c.segment_no = p.segment_no
    WHERE p.discount_percent > 0
    GROUP BY c.subscription_key, c.segment_no, p.discount_percent, p.rounding_digits, p.rounding_mode
    HAVING sum(c.amount) <> 0
),

discounts AS (
    SELECT
        *,
        billing.round_quotient(n, 100, 9, 'half_up') AS exact_amount,
        billing.share_of(
            row_number() OVER same_percent,
            array_agg(n) OVER same_percent,
            100,
            last_value(rounding_digits) OVER same_percent,
            last_value(rounding_mode) OVER same_percent
        ) AS amount
    FROM bases
    WINDOW same_percent AS (
        PARTITION BY subscription_key, discount_percent
        ORDER BY segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)

SELECT
    subscription_key,
    segment_no,
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
