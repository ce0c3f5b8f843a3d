UPDATE core.environments
SET
    state = 'verified',
    verified_at = :at
WHERE subscription_key = :subscription_key AND state = 'registered'
