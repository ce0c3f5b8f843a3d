-- Tax of each subscription by rate, once on the sum of its lines, into rated_taxes of this transaction: rounded as the
-- version of the last of their segments says, and of a licence only where nothing else has the rate. A licence is of
-- the segment in which its term starts, wherever it ends.
CREATE TEMPORARY TABLE rated_taxes ON COMMIT DROP AS
WITH bases AS (
    SELECT
        subscription_key,
        tax_rate,
        tax_is_inclusive AS is_inclusive,
        sum(amount) AS base,
        (
            array_agg(
                version_key ORDER BY
                    kind = 'licence', CASE WHEN kind = 'licence' THEN line_start ELSE line_end END DESC
            )
        )[1] AS version_key,
        sum(amount) * tax_rate AS n,
        CASE WHEN tax_is_inclusive THEN 1 + tax_rate ELSE 1 END AS divisor
    FROM rated_lines
    WHERE tax_rate > 0
    GROUP BY subscription_key, tax_rate, tax_is_inclusive
)

SELECT
    b.subscription_key,
    b.tax_rate,
    b.is_inclusive,
    b.base,
    billing.round_quotient(b.n, b.divisor, v.rounding_digits, v.rounding_mode) AS amount
FROM bases AS b
INNER JOIN billing.price_plan_versions AS v ON b.version_key = v.version_key
