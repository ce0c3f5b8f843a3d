-- Metered environments whose console failed when it was asked last, the longest first.
SELECT
    environments.environment_id,
    subscriptions.account_id,
    environments.console_url,
    failing.failed_runs,
    failing.failing_since,
    failing.last_failed_at,
    failing.cause,
    polls.error
FROM metering.failing_consoles AS failing
INNER JOIN core.environments ON failing.environment_key = environments.environment_key
INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
LEFT JOIN metering.polls
    ON failing.environment_key = polls.environment_key AND failing.last_failed_at = polls.observed_at
WHERE environments.state = 'metered'
ORDER BY failing.failing_since, environments.environment_id
