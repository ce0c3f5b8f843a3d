SELECT
    steps.step,
    steps.detail
FROM core.onboarding_steps AS steps
INNER JOIN core.subscriptions AS subscriptions ON steps.subscription_key = subscriptions.subscription_key
WHERE
    subscriptions.subscription_id = :subscription_id
    AND steps.attempt = :attempt
    AND steps.outcome = 'failed'
ORDER BY steps.recorded_at, steps.step
LIMIT 1
