-- The subscription that is to end; no other session changes it meanwhile.
SELECT
    subscription_key,
    subscription_id,
    state,
    started_at,
    ended_at
FROM core.subscriptions
WHERE subscription_id = :subscription_id
FOR NO KEY UPDATE
