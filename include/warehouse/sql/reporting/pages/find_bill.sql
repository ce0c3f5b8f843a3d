SELECT
    b.bill_key,
    b.bill_id,
    b.document,
    c.bill_id AS corrects_bill_id,
    b.period,
    b.period_start,
    b.period_end,
    b.price_plan,
    coalesce(p.time_zone, 'UTC') AS time_zone,
    b.currency,
    b.state,
    b.aku_seconds,
    b.subtotal,
    b.tax,
    b.tax_included,
    b.total,
    b.forecast_total,
    b.fingerprint,
    b.drafted_at,
    b.issued_at,
    b.reconciled_at,
    s.subscription_key,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    s.region,
    s.department,
    s.product,
    s.payment,
    s.network,
    s.marketplace_instance_id,
    s.order_id
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
LEFT JOIN billing.bills AS c ON b.corrects_bill_key = c.bill_key
WHERE b.bill_id = :bill_id
