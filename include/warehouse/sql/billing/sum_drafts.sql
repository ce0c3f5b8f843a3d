-- A bill's total is the sum of its rounded lines: nothing is rounded a second time.
UPDATE billing.bills AS b
SET
    aku_seconds = sums.aku_seconds,
    subtotal = sums.amount,
    tax = 0 * sums.amount,
    total = sums.amount
FROM (
    SELECT
        l.bill_key,
        CAST(sum(l.aku_seconds) AS bigint) AS aku_seconds,
        sum(l.amount) AS amount
    FROM billing.bill_lines AS l
    INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
    WHERE
        d.period_start = :period_start
        AND d.period_end = :period_end
        AND d.state = 'draft'
    GROUP BY l.bill_key
) AS sums
WHERE b.bill_key = sums.bill_key
