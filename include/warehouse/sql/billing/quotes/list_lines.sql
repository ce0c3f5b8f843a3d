SELECT
    s.subscription_id,
    b.currency,
    b.subtotal,
    b.tax,
    b.total,
    l.kind,
    l.tier,
    l.name,
    l.quantity,
    l.unit_price,
    l.amount
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
ORDER BY s.subscription_id COLLATE "C", l.line_no
