-- A bill has lines, they add up to its sums, and each is its quantity times its price but for what rounding took.
WITH sums AS (
    SELECT
        b.bill_key,
        b.subtotal,
        b.aku_seconds,
        coalesce(sum(l.amount), 0) AS line_amount,
        coalesce(sum(l.aku_seconds), 0) AS line_aku_seconds,
        count(l.line_no) AS line_count
    FROM billing.bills AS b
    LEFT JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
    WHERE
        b.period_start = :period_start
        AND b.period_end = :period_end
        AND b.state = any(:states)
    GROUP BY b.bill_key
)

SELECT
    bill_key,
    format(
        '%s line(s) add up to %s and %s AKU-seconds, the bill says %s and %s. Report this: it is a mistake in rating.',
        line_count, line_amount, line_aku_seconds, subtotal, aku_seconds
    ) AS sentence
FROM sums
WHERE line_count = 0 OR line_amount <> subtotal OR line_aku_seconds <> aku_seconds
