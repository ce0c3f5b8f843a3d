-- One page of a comparison's subscriptions, the largest difference first.
SELECT
    r.subscription_id,
    s.environment_name,
    s.account_id,
    r.first_total,
    r.second_total,
    r.second_total - r.first_total AS difference,
    count(*) OVER () AS match_count
FROM billing.plan_comparison_rows AS r
LEFT JOIN core.subscriptions AS s ON r.subscription_id = s.subscription_id
WHERE r.comparison_key = :comparison_key
ORDER BY abs(r.second_total - r.first_total) DESC, r.subscription_id ASC
LIMIT :page_size OFFSET :skipped
