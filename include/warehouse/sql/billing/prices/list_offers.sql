-- Offers in the order in which they were entered; the last one that holds at an instant counts there, and none of a
-- correction that was withdrawn.
SELECT
    o.offer_key,
    s.subscription_id,
    o.effective_from,
    o.effective_until,
    o.price_plan,
    o.discount_percent,
    o.reason,
    o.entered_by,
    o.entered_at,
    o.correction_id,
    coalesce(c.state = 'withdrawn', FALSE) AS is_withdrawn
FROM billing.private_offers AS o
INNER JOIN core.subscriptions AS s ON o.subscription_key = s.subscription_key
LEFT JOIN billing.corrections AS c ON o.correction_id = c.correction_id
WHERE s.subscription_id = coalesce(CAST(:subscription_id AS text), s.subscription_id)
ORDER BY o.entered_at, o.offer_key
