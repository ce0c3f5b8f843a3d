-- What our bills of a period come to, by currency: usage at the plan's prices, and all of it as it is compared.
SELECT
    b.currency,
    count(*) AS bill_count,
    count(*) FILTER (WHERE billing.is_issued(b.state)) AS issued_count,
    count(*) FILTER (WHERE b.state = 'held') AS held_count,
    count(*) FILTER (WHERE b.state = 'draft') AS draft_count,
    sum(u.amount) AS rated,
    sum(reconciliation.net_amount(b.bill_key)) AS billed
FROM billing.bills AS b
CROSS JOIN
    LATERAL (
        SELECT coalesce(sum(l.amount), 0) AS amount
        FROM billing.bill_lines AS l
        WHERE l.bill_key = b.bill_key AND l.kind IN ('usage', 'overage') AND l.corrects_bill_key IS NULL
    ) AS u
WHERE b.period = :period AND b.document = 'bill' AND b.state <> 'void'
GROUP BY b.currency
ORDER BY b.currency
