-- A licence term that began in a closed period, and is on no bill. A draft or held bill of that period is on its way, a
-- void one is a decision, and a term that starts after the end is never sold.
SELECT
    m.subscription_id,
    t.term_start AS from_at,
    t.term_end AS until_at,
    0 AS aku_seconds,
    NULL AS bill_ids
FROM (
    SELECT
        subscription_key,
        term_start,
        term_end,
        capacity_aku * term_months AS quantity,
        count(*) AS term_count
    FROM core.licences
    GROUP BY subscription_key, term_start, term_end, capacity_aku * term_months
) AS t
INNER JOIN core.subscriptions AS s ON t.subscription_key = s.subscription_key
INNER JOIN billing.closed_months(:ended_after) AS m
    ON t.subscription_key = m.subscription_key AND t.term_start >= m.period_start AND t.term_start < m.period_end
WHERE
    (s.ended_at IS NULL OR t.term_start < s.ended_at)
    AND NOT EXISTS (
        SELECT FROM billing.bills AS b
        WHERE
            b.subscription_key = t.subscription_key
            AND b.document = 'bill'
            AND b.period_start <= t.term_start
            AND b.period_end > t.term_start
            AND b.state IN ('draft', 'held', 'void')
    )
    AND t.term_count > (
        SELECT count(*) FROM billing.bill_lines AS l
        INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
        WHERE
            b.subscription_key = t.subscription_key
            AND l.kind = 'licence'
            AND l.line_start = t.term_start
            AND l.quantity = t.quantity
    )
