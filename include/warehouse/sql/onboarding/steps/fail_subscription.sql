UPDATE core.subscriptions
SET
    state = 'failed',
    state_reason = :reason
WHERE subscription_key = :subscription_key AND attempt = :attempt AND state IN ('requested', 'ordered', 'deployed')
