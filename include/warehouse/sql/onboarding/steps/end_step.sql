UPDATE core.onboarding_steps
SET
    outcome = :outcome,
    detail = :detail,
    result = CAST(:result AS JSONB),
    recorded_at = :at
WHERE subscription_key = :subscription_key AND attempt = :attempt AND step = :step
