-- A licence that is on more lines than terms of it were sold.
SELECT
    s.subscription_id,
    l.line_start AS from_at,
    max(l.line_end) AS until_at,
    0 AS aku_seconds,
    string_agg(b.bill_id, ', ' ORDER BY b.bill_id) AS bill_ids
FROM billing.bills AS b
INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key AND l.corrects_bill_key IS NULL
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    b.document = 'bill'
    AND b.state <> 'void'
    AND b.period_end > :ended_after
    AND l.kind = 'licence'
GROUP BY s.subscription_id, b.subscription_key, l.line_start, l.quantity
HAVING
    count(*) > (
        SELECT count(*) FROM core.licences AS t
        WHERE
            t.subscription_key = b.subscription_key
            AND t.term_start = l.line_start
            AND t.capacity_aku * t.term_months = l.quantity
    )
