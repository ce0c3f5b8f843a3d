-- Usage that costs nothing, at zero: what licences cover, and what the plan includes in each period.
INSERT INTO rated_charges (
    subscription_key, segment_no, kind, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
SELECT
    p.subscription_key,
    p.segment_no,
    f.kind,
    0 AS fee_no,
    f.aku_seconds,
    round(CAST(f.aku_seconds AS numeric(32, 12)) / 3600, 6) AS quantity,
    'AKU-hour' AS unit,
    0 AS unit_price,
    0 AS exact_amount,
    CAST('0e-' || p.rounding_digits AS numeric) AS amount
FROM cumulative_quantities AS p
CROSS JOIN
    LATERAL (
        VALUES
        ('covered', p.covered_aku_seconds),
        ('included', p.rest_aku_seconds - (p.cumulative_end - p.cumulative_start))
    ) AS f (kind, aku_seconds)
WHERE f.aku_seconds > 0
