-- Late usage that waits for the next bill of a subscription that gets none.
SELECT
    s.subscription_id,
    min(u.hour_start) AS from_at,
    max(u.hour_start) + interval '1 hour' AS until_at,
    sum(u.aku_seconds_after - u.aku_seconds_before) AS aku_seconds,
    string_agg(DISTINCT b.bill_id, ', ') AS bill_ids
FROM billing.late_usage AS u
INNER JOIN billing.bills AS b ON u.bill_key = b.bill_key
INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
WHERE u.state = 'pending' AND NOT billing.has_next_bill(u.subscription_key)
GROUP BY s.subscription_id
