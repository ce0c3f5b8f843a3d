UPDATE core.environments
SET state = 'metered'
WHERE subscription_key = :subscription_key AND state = 'verified'
