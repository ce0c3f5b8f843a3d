-- A line of zero for a subscription that used nothing: at the price that is in force last, of the first tier.
INSERT INTO unnumbered_lines (
    subscription_key, segment_no, kind, tier, fee_no, line_start, line_end, aku_seconds, quantity, unit, unit_price,
    exact_amount, amount, version_key, tax_rate, tax_is_inclusive
)
SELECT
    p.subscription_key,
    p.segment_no,
    'usage' AS kind,
    t.tier,
    0 AS fee_no,
    p.segment_start AS line_start,
    p.segment_end AS line_end,
    0 AS aku_seconds,
    CAST('0.000000' AS numeric) AS quantity,
    'AKU-hour' AS unit,
    t.unit_price,
    0 AS exact_amount,
    CAST('0e-' || p.rounding_digits AS numeric) AS amount,
    p.version_key,
    p.tax_rate,
    p.tax_is_inclusive
FROM cumulative_quantities AS p
INNER JOIN rated_tiers AS t ON p.version_key = t.version_key AND t.tier = 1
WHERE
    p.is_last
    AND NOT EXISTS (
        SELECT FROM rated_charges AS c
        WHERE c.subscription_key = p.subscription_key AND c.aku_seconds > 0
    )
