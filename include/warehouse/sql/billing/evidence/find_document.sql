-- A document with what its explanation needs to know.
SELECT
    b.bill_key,
    b.bill_id,
    b.document,
    root.bill_id AS corrects_bill_id,
    b.subscription_key,
    s.subscription_id,
    e.environment_key,
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
    b.fingerprint_form,
    b.drafted_at,
    b.issued_at,
    b.reconciled_at
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
LEFT JOIN billing.bills AS root ON b.corrects_bill_key = root.bill_key
WHERE b.bill_id = :bill_id
ORDER BY b.bill_key DESC
LIMIT 1
