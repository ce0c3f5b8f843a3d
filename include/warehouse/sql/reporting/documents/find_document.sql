-- One document with whom it is for, as it is printed.
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
    b.subtotal,
    b.tax,
    b.tax_included,
    b.total,
    b.fingerprint,
    b.drafted_at,
    b.issued_at,
    s.subscription_key,
    s.subscription_id,
    f.environment_name,
    f.environment_id,
    f.account_id,
    f.contact,
    f.region,
    f.department,
    f.product,
    f.payment,
    f.marketplace_instance_id,
    f.order_id,
    f.region_name,
    f.seller,
    f.instance_names
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
INNER JOIN billing.printed_parties AS f ON b.bill_key = f.bill_key
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
LEFT JOIN billing.bills AS c ON b.corrects_bill_key = c.bill_key
WHERE b.bill_id = :bill_id
