UPDATE core.subscriptions SET expires_at = :expires_at WHERE subscription_key = :subscription_key
