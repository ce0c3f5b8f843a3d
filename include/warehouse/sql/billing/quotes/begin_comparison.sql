-- A comparison that is asked for again begins again, unless it is done.
INSERT INTO billing.plan_comparisons (run_id, period, first_plan, second_plan, asked_by, asked_at)
VALUES (:run_id, :period, :first_plan, :second_plan, :asked_by, :asked_at)
ON CONFLICT (run_id) DO UPDATE
    SET state = 'running', plans_priced = 0, failure = NULL, ended_at = NULL
    WHERE plan_comparisons.state <> 'done'
RETURNING comparison_key
