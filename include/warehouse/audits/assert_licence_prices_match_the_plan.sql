-- A licence was sold at the price of the plan's version in force at the start of its term, in the bill's currency.
SELECT
    b.bill_key,
    jsonb_build_object(
        'term_start', min(l.term_start),
        'price', CAST(min(l.price) AS text),
        'currency', min(l.currency),
        'plan_says', CASE WHEN min(n.amount) IS NULL THEN 'nothing' ELSE 'price' END,
        'plan_price', CAST(min(n.amount) AS text),
        'plan_currency', min(b.currency)
    ) AS facts
FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
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
    (n.amount IS DISTINCT FROM l.price OR b.currency <> l.currency)
GROUP BY b.bill_key
