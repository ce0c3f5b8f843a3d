-- A line of the bill, what stands documented for it, and for the whole bill, after corrections and refunds, those that
-- wait for the next bill included.
WITH line AS (
    SELECT * FROM billing.bill_lines
    WHERE bill_key = :bill_key AND line_no = :line_no
),

documented AS (
    SELECT l.*
    FROM billing.bill_lines AS l
    INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
    WHERE
        d.state IN ('issued', 'settled')
        AND ((l.bill_key = :bill_key AND l.corrects_bill_key IS NULL) OR l.corrects_bill_key = :bill_key)
),

sums AS (
    SELECT
        coalesce(
            sum(d.amount) FILTER (
                WHERE (d.kind = 'refund' AND d.corrects_line_no = line.line_no)
                OR (
                    d.kind = line.kind
                    AND d.tier IS NOT DISTINCT FROM line.tier
                    AND d.name IS NOT DISTINCT FROM line.name
                    AND d.line_start = line.line_start
                )
            ),
            0
        ) AS line_amount,
        sum(d.amount) AS bill_amount
    FROM line
    CROSS JOIN documented AS d
),

waiting AS (
    SELECT
        coalesce(sum(refund_amount) FILTER (WHERE refund_line_no = :line_no), 0) AS line_amount,
        coalesce(sum(refund_amount), 0) AS bill_amount
    FROM billing.corrections
    WHERE bill_key = :bill_key AND state = 'pending' AND cause = 'refund'
)

SELECT
    line.kind,
    line.corrects_bill_key IS NOT NULL AS is_correction,
    coalesce(v.rounding_digits, 2) AS digits,
    sums.line_amount - waiting.line_amount AS line_amount,
    sums.bill_amount - waiting.bill_amount AS bill_amount
FROM line
CROSS JOIN sums
CROSS JOIN waiting
LEFT JOIN billing.price_plan_versions AS v ON line.version_key = v.version_key
