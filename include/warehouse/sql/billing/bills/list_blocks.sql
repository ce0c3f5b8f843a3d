-- The blocks of neighbouring keys that have subscriptions.
SELECT DISTINCT subscription_key / :block_size AS block
FROM core.subscriptions
ORDER BY block
