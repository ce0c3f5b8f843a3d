-- A bill has lines of its own, its lines add up to its subtotal, and those of its own period to its usage.
WITH sums AS (
    SELECT
        b.bill_key,
        b.subtotal,
        b.aku_seconds,
        coalesce(sum(l.amount), 0) AS line_amount,
        -- What corrects an earlier bill is usage of that one.
        coalesce(sum(l.metered_aku_seconds) FILTER (WHERE l.corrects_bill_key IS NULL), 0) AS line_aku_seconds,
        count(l.line_no) FILTER (WHERE l.corrects_bill_key IS NULL) AS line_count
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    LEFT JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
    GROUP BY b.bill_key, b.subtotal, b.aku_seconds
)

SELECT
    bill_key,
    jsonb_build_object(
        'line_count', line_count,
        'line_amount', CAST(line_amount AS text),
        'line_aku_seconds', line_aku_seconds,
        'subtotal', CAST(subtotal AS text),
        'aku_seconds', aku_seconds
    ) AS facts
FROM sums
WHERE line_count = 0 OR line_amount <> subtotal OR line_aku_seconds <> aku_seconds
