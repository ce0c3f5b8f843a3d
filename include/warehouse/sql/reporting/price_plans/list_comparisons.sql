-- The last comparisons, newest first, with their sums.
SELECT
    c.comparison_key,
    c.run_id,
    c.period,
    c.first_plan,
    c.second_plan,
    c.asked_by,
    c.asked_at,
    c.state,
    c.plans_priced,
    c.failure,
    c.ended_at,
    c.currency,
    coalesce(r.row_count, 0) AS row_count,
    coalesce(r.first_total, 0) AS first_total,
    coalesce(r.second_total, 0) AS second_total
FROM billing.plan_comparisons AS c
LEFT JOIN LATERAL (
    SELECT
        count(*) AS row_count,
        sum(o.first_total) AS first_total,
        sum(o.second_total) AS second_total
    FROM billing.plan_comparison_rows AS o
    WHERE o.comparison_key = c.comparison_key
) AS r ON TRUE
WHERE CAST(:comparison_key AS bigint) IS NULL OR c.comparison_key = :comparison_key
ORDER BY c.asked_at DESC, c.comparison_key DESC
LIMIT :at_most
