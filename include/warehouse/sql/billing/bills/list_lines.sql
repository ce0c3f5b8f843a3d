SELECT
    line_no,
    description,
    quantity,
    unit,
    unit_price,
    amount
FROM billing.bill_lines
WHERE bill_key = :bill_key
ORDER BY line_no
