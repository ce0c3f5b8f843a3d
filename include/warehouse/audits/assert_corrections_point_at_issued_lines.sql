-- A line that corrects something names an issued bill of the same subscription and currency, an earlier one, and, where
-- it names a line, one on an issued document of that bill.
WITH corrections AS (
    SELECT
        b.bill_key,
        l.line_no,
        root.bill_key IS NOT NULL AS has_root,
        l.corrects_line_no IS NULL OR said.line_no IS NOT NULL AS has_line
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key AND l.corrects_bill_key IS NOT NULL
    LEFT JOIN billing.bills AS root
        ON
            l.corrects_bill_key = root.bill_key
            AND b.subscription_key = root.subscription_key
            AND b.currency = root.currency
            AND b.period_start > root.period_start
            AND root.document = 'bill'
            AND billing.is_issued(root.state)
    LEFT JOIN billing.bills AS document
        ON
            l.corrects_document_key = document.bill_key
            AND b.subscription_key = document.subscription_key
            AND billing.is_issued(document.state)
    LEFT JOIN billing.bill_lines AS said
        ON
            document.bill_key = said.bill_key
            AND l.corrects_line_no = said.line_no
            AND l.corrects_bill_key = coalesce(said.corrects_bill_key, said.bill_key)
)

SELECT
    bill_key,
    jsonb_build_object(
        'line_count', count(*),
        'first_line_no', min(line_no)
    ) AS facts
FROM corrections
WHERE NOT (has_root AND has_line)
GROUP BY bill_key
