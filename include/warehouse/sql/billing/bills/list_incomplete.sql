-- Everything metered is on exactly one bill, or this says where not. See billing.unbilled and billing.misbilled.
SELECT
    f.finding,
    s.subscription_id,
    f.from_at,
    f.until_at,
    f.aku_seconds,
    f.bill_ids
FROM (
    SELECT * FROM billing.unbilled(:ended_after)
    UNION ALL
    SELECT * FROM billing.misbilled(:ended_after)
) AS f
INNER JOIN core.subscriptions AS s ON f.subscription_key = s.subscription_key
ORDER BY s.subscription_id, f.from_at, f.finding
