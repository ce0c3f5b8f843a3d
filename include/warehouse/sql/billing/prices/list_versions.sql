SELECT
    effective_from,
    source
FROM billing.price_plan_versions
WHERE plan_key = :plan_key
ORDER BY effective_from
