-- The issued documents to verify, by the period that they are made of. Where the plan of a bill is not known any more,
-- its subscription's plan says which months are meant.
SELECT
    b.bill_key,
    b.bill_id,
    b.document,
    b.subscription_key,
    b.period,
    coalesce(p.time_zone, own.time_zone, 'UTC') AS time_zone,
    b.drafted_at,
    -- Whatever it says, one with parts is of the last form.
    CASE WHEN b.fingerprint_groups <> '{}' THEN 4 ELSE b.fingerprint_form END AS fingerprint_form
FROM billing.bills AS b
LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
LEFT JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN billing.price_plans AS own ON s.price_plan = own.name
WHERE
    billing.is_issued(b.state)
    AND (CAST(:bill_ids AS text[]) IS NULL OR b.bill_id = any(CAST(:bill_ids AS text[])))
    AND (CAST(:period AS text) IS NULL OR b.period = CAST(:period AS text))
ORDER BY b.period, time_zone, b.bill_id
