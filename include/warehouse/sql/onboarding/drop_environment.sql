-- It was never polled, so nothing refers to it; the next attempt registers its own.
DELETE FROM core.environments
WHERE subscription_key = :subscription_key AND state IN ('registered', 'verified')
