-- The instant stays that of the first try, so that deadlines count from there; what is done or failed stays so.
INSERT INTO core.onboarding_steps (subscription_key, attempt, step, outcome, recorded_at)
VALUES (:subscription_key, :attempt, :step, 'started', :at)
ON CONFLICT (subscription_key, attempt, step) DO UPDATE
    SET tries = onboarding_steps.tries + 1
RETURNING outcome, detail, result, tries, recorded_at
