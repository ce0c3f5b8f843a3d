-- A subscription's offers that touch the window, in the order in which they were entered.
SELECT
    effective_from,
    effective_until,
    price_plan,
    discount_percent
FROM billing.private_offers
WHERE
    subscription_key = :subscription_key
    AND effective_from < :window_end
    AND coalesce(effective_until, 'infinity') > :window_start
ORDER BY entered_at, offer_key
