UPDATE billing.plan_comparisons
SET plans_priced = :plans_priced
WHERE comparison_key = :comparison_key AND state = 'running'
