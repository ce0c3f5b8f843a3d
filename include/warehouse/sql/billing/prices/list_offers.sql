-- Offers in the order in which they were entered; the last one that holds at an instant counts there.
SELECT
    o.offer_key,
    s.subscription_id,
    o.effective_from,
    o.effective_until,
    o.price_plan,
    o.discount_percent,
    o.reason,
    o.entered_by,
    o.entered_at
FROM billing.private_offers AS o
INNER JOIN core.subscriptions AS s ON o.subscription_key = s.subscription_key
WHERE s.subscription_id = coalesce(CAST(:subscription_id AS text), s.subscription_id)
ORDER BY o.entered_at, o.offer_key
