-- What rating gives today, line by line, for the subscription that was just rated.
SELECT
    line_no,
    kind,
    tier,
    name,
    line_start,
    aku_seconds,
    metered_aku_seconds,
    quantity,
    exact_amount,
    amount
FROM rated_lines
WHERE subscription_key = :subscription_key
ORDER BY line_no
