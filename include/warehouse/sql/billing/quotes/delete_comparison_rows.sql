DELETE FROM billing.plan_comparison_rows
WHERE comparison_key = :comparison_key
