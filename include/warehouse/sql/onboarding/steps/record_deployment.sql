UPDATE core.subscriptions
SET
    state = 'deployed',
    state_reason = NULL
WHERE subscription_key = :subscription_key AND state = 'ordered'
