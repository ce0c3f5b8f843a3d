-- A subscription's offers that touch the window, in the order in which they were entered.
SELECT
    effective_from,
    effective_until,
    price_plan,
    discount_percent
FROM billing.offers_in(:subscription_key, :window_start, :window_end, NULL)
ORDER BY entered_at, offer_key
