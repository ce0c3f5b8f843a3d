-- A line of the bill, and to how many places it is rounded.
SELECT
    line.kind,
    line.corrects_bill_key IS NOT NULL AS is_correction,
    coalesce(v.rounding_digits, 2) AS digits
FROM billing.bill_lines AS line
LEFT JOIN billing.price_plan_versions AS v ON line.version_key = v.version_key
WHERE line.bill_key = :bill_key AND line.line_no = :line_no
