-- Tax of each subscription by rate, once on the sum of its lines, into rated_taxes of this transaction: rounded as the
-- last of these lines' versions says.
CREATE TEMPORARY TABLE rated_taxes ON COMMIT DROP AS
WITH bases AS (
    SELECT
        subscription_key,
        tax_rate,
        tax_is_inclusive AS is_inclusive,
        sum(amount) AS base,
        (array_agg(version_key ORDER BY line_end DESC, line_no DESC) FILTER (WHERE version_key IS NOT NULL))[1]
            AS version_key
    FROM rated_lines
    WHERE tax_rate > 0
    GROUP BY subscription_key, tax_rate, tax_is_inclusive
)

SELECT
    b.subscription_key,
    b.tax_rate,
    b.is_inclusive,
    b.base,
    billing.round_amount(
        CASE WHEN b.is_inclusive THEN b.base * b.tax_rate / (1 + b.tax_rate) ELSE b.base * b.tax_rate END,
        v.rounding_digits,
        v.rounding_mode
    ) AS amount
FROM bases AS b
INNER JOIN billing.price_plan_versions AS v ON b.version_key = v.version_key
