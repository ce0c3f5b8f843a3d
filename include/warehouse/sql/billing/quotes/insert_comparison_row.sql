INSERT INTO billing.plan_comparison_rows (comparison_key, subscription_id, first_total, second_total)
VALUES (:comparison_key, :subscription_id, :first_total, :second_total)
