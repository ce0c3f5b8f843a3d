SELECT
    plan_key,
    currency,
    time_zone
FROM billing.price_plans
WHERE name = :name
