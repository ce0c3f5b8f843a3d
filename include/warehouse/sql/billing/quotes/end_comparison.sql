UPDATE billing.plan_comparisons
SET state = :state, failure = :failure, ended_at = :ended_at, currency = :currency
WHERE comparison_key = :comparison_key AND state = 'running'
