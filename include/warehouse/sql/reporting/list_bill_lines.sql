SELECT
    line_no,
    kind,
    tier,
    description,
    line_start,
    line_end,
    aku_seconds,
    quantity,
    unit,
    unit_price,
    exact_amount,
    amount
FROM billing.bill_lines
WHERE bill_key = :bill_key
ORDER BY line_no
