-- A licence was sold at the price of the plan's version in force at the start of its term, in the bill's currency.
SELECT
    b.bill_key,
    format(
        'The licence from %s UTC on was sold for %s %s, the price plan says %s %s. Correct the licence or publish the '
        'plan that it was sold by, then close the period again.',
        to_char(min(l.term_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"MI'),
        min(l.price), min(l.currency), min(n.amount), min(b.currency)
    ) AS sentence
FROM billing.bills AS b
INNER JOIN core.licences AS l
    ON
        b.subscription_key = l.subscription_key
        AND b.period_start <= l.term_start
        AND b.period_end > l.term_start
LEFT JOIN billing.bill_lines AS n
    ON
        b.bill_key = n.bill_key
        AND n.kind = 'licence'
        AND n.corrects_bill_key IS NULL
        AND l.term_start = n.line_start
        AND l.capacity_aku * l.term_months = n.quantity
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state = any(:states)
    AND (n.amount IS DISTINCT FROM l.price OR b.currency <> l.currency)
GROUP BY b.bill_key
