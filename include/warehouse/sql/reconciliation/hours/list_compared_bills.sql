-- Subscriptions in compared_bills that have a bill of ours.
SELECT subscription_key
FROM compared_bills
WHERE bill_key IS NOT NULL
ORDER BY subscription_key
