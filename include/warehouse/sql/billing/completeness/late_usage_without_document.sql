-- Late usage that is marked as applied, and is on no issued document of its subscription.
SELECT
    s.subscription_id,
    u.hour_start AS from_at,
    u.hour_start + interval '1 hour' AS until_at,
    u.aku_seconds_after - u.aku_seconds_before AS aku_seconds,
    b.bill_id AS bill_ids
FROM billing.late_usage AS u
INNER JOIN billing.bills AS b ON u.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
LEFT JOIN billing.bills AS d
    ON
        u.applied_on_bill_key = d.bill_key
        AND u.subscription_key = d.subscription_key
        AND billing.is_issued(d.state)
WHERE u.state = 'applied' AND d.bill_key IS NULL
