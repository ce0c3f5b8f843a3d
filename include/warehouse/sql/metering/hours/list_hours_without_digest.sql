-- The oldest hours of which some subscription has no digest of its usage.
SELECT DISTINCT hour_start
FROM metering.subscription_hours
WHERE usage_digest IS NULL
ORDER BY hour_start
LIMIT :at_most
