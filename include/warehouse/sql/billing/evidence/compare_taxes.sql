-- Own taxes of the chosen bills that are not, to the byte, what rating gives.
WITH stored AS (
    SELECT
        bill_key,
        tax_rate,
        is_inclusive,
        CAST(base AS text) AS base,
        CAST(amount AS text) AS amount
    FROM billing.bill_taxes
    WHERE
        bill_key = any(:bill_keys)
        AND for_bill_key = bill_key
        AND NOT is_refund
),

rated AS (
    SELECT
        b.bill_key,
        t.tax_rate,
        t.is_inclusive,
        CAST(t.base AS text) AS base,
        CAST(t.amount AS text) AS amount
    FROM billing.bills AS b
    INNER JOIN rated_taxes AS t ON b.subscription_key = t.subscription_key
    WHERE b.bill_key = any(:bill_keys)
)

SELECT
    coalesce(stored.bill_key, rated.bill_key) AS bill_key,
    coalesce(stored.tax_rate, rated.tax_rate) AS tax_rate,
    stored.amount AS stored_amount,
    stored.base AS stored_base,
    rated.amount AS rated_amount,
    rated.base AS rated_base
FROM stored
FULL JOIN rated
    ON
        stored.bill_key = rated.bill_key
        AND stored.tax_rate = rated.tax_rate
        AND stored.is_inclusive = rated.is_inclusive
WHERE (stored.base, stored.amount) IS DISTINCT FROM (rated.base, rated.amount)
ORDER BY bill_key, tax_rate
