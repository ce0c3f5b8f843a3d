-- Usage that can not be priced: no plan, no version in force, or an hour too large for exact integer arithmetic.
SELECT
    b.subscription_id,
    b.price_plan,
    b.plan_key IS NULL AS plan_is_missing,
    r.is_too_large,
    coalesce(r.first_hour, :period_start) AS at
FROM rated_usage AS r
INNER JOIN billable_subscriptions AS b ON r.subscription_key = b.subscription_key
WHERE r.version_key IS NULL OR r.is_too_large
ORDER BY b.subscription_id
LIMIT 1
